import importlib.util
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.errors import MetricError, MissingDependencyError
from vau_agent.evals.metrics.text import (
    METEOR_WITH_SYNONYMS,
    METEOR_WITHOUT_SYNONYMS,
    Rouge,
    bleu,
    corpus_bleu,
    meteor,
    rouges,
    text_conventions,
    text_floor,
    text_scores,
)
from vau_agent.torchvision_shim import install_shim

PACKAGES = ("nltk", "rouge_score", "sacrebleu")
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, PACKAGES)), reason="the extra 'evals' is not installed"
)

WORDS = st.lists(
    st.sampled_from(
        ["the", "a", "man", "car", "runs", "running", "fire", "burns", "in", "on", "street"]
    ),
    min_size=4,
    max_size=14,
).map(" ".join)
KINDS: list[Rouge] = ["rouge1", "rouge2", "rougeL"]


def test_bleu_of_a_hand_case() -> None:
    # 5 words: unigrams 4 of 5, bigrams 2 of 4; the reference is as long, so no brevity penalty.
    value = bleu("a man runs on street", ["a man runs down street"], order=2)
    assert value == pytest.approx((4 / 5 * 2 / 4) ** 0.5)


def test_a_short_text_pays_for_its_brevity() -> None:
    whole = "the man walks down the long street"
    assert bleu("the man walks", [whole], order=2) == pytest.approx(2.718281828 ** (1 - 7 / 3))


@given(WORDS, WORDS)
@settings(deadline=None, max_examples=50)
def test_nltk_finds_the_same_bleu_where_nothing_is_smoothed(said: str, wanted: str) -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    theirs = sentence_bleu(
        [wanted.split()],
        said.split(),
        weights=(0.5, 0.5),
        smoothing_function=SmoothingFunction().method3,
    )
    assert bleu(said, [wanted], order=2) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.slow
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_torchmetrics_finds_the_same_scores(pairs: list[tuple[str, str]]) -> None:
    install_shim()
    from torchmetrics.functional.text import rouge_score, sacre_bleu_score

    said, wanted = [one for one, _ in pairs], [[other] for _, other in pairs]
    pooled = corpus_bleu([f"{text} the fire" for text in said], [["the fire"]] * len(said), order=2)
    theirs = sacre_bleu_score(
        [f"{text} the fire" for text in said], [["the fire"]] * len(said), n_gram=2, lowercase=True
    )
    assert pooled == pytest.approx(float(theirs), abs=1e-6)
    for kind in KINDS:
        means = [rouges(one, others)[kind] for one, others in zip(said, wanted, strict=True)]
        found = rouge_score(said, [one for (one,) in wanted], rouge_keys=(kind,), use_stemmer=True)
        assert sum(means) / len(means) == pytest.approx(float(found[f"{kind}_fmeasure"]), abs=1e-6)


def test_pooled_bleu_is_not_the_mean_of_texts() -> None:
    said = ["the man runs down the street", "fire"]
    wanted = [["the man runs down the street"], ["smoke"]]
    mean = sum(bleu(*pair, order=1) for pair in zip(said, wanted, strict=True)) / 2
    assert mean == 0.5
    assert corpus_bleu(said, wanted, order=1) == pytest.approx(6 / 7)


def test_texts_may_have_different_numbers_of_references() -> None:
    said = ["a man runs on", "the car burns"]
    wanted = [["a man runs on"], ["a car", "the car burns"]]
    assert corpus_bleu(said, wanted, order=3) == pytest.approx(1)


def test_rouge_of_a_hand_case() -> None:
    # Common words: the, man, the, street (4 of 6 and of 5); common sequence of 4; one pair of 5, 4.
    said, wanted = "the man walked along the street", ["the man left the street"]
    assert rouges(said, wanted)["rouge1"] == pytest.approx(8 / 11)
    assert rouges(said, wanted)["rougeL"] == pytest.approx(8 / 11)
    assert rouges(said, wanted)["rouge2"] == pytest.approx(2 * 2 / 9)


def test_rouge_compares_stems() -> None:
    assert rouges("people running", ["people runs"])["rouge1"] == 1


def test_a_text_shorter_than_the_order_is_scored_by_the_orders_it_has() -> None:
    assert bleu("a man", ["a man"], order=4) == pytest.approx(1)


def test_meteor_of_a_hand_case() -> None:
    # 3 of 4 words match in 2 chunks, one of them by its stem: P = R = F = 3/4.
    value = meteor("men running the street", ["men run a street"])
    assert value == pytest.approx(0.75 * (1 - 0.5 * (2 / 3) ** 3))


def test_the_best_reference_counts() -> None:
    wanted = ["nothing alike", "a car burns in the street"]
    said = "a car burns in the street"
    for value in (
        meteor(said, wanted),
        *(rouges(said, wanted)[kind] for kind in KINDS),
        bleu(said, wanted),
    ):
        assert value > 0.99


@given(WORDS)
@settings(deadline=None, max_examples=25)
def test_a_copy_scores_1_and_case_and_a_last_space_change_nothing(text: str) -> None:
    assert bleu(f"{text.upper()} ", [text]) == pytest.approx(1)
    assert meteor(f"{text.upper()} ", [text]) == meteor(text, [text]) > 0.99
    for kind in KINDS:
        assert rouges(f"{text.upper()} ", [text])[kind] == pytest.approx(1)


@given(st.text(max_size=40), st.text(max_size=40))
@settings(deadline=None, max_examples=60)
def test_any_texts_score_between_0_and_1(said: str, wanted: str) -> None:
    values = [bleu(said, [wanted]), meteor(said, [wanted]), *rouges(said, [wanted]).values()]
    assert all(0 <= value <= 1 + 1e-9 for value in values)


def test_unlike_and_empty_texts_score_0() -> None:
    for said in ("smoke everywhere", ""):
        assert bleu(said, ["a car burns"]) == meteor(said, ["a car burns"]) == 0
        assert set(rouges(said, ["a car burns"]).values()) == {0}


def test_the_variant_of_meteor_is_named() -> None:
    assert text_conventions()["meteor"] == METEOR_WITHOUT_SYNONYMS
    assert text_conventions(synonyms=True)["meteor"] == METEOR_WITH_SYNONYMS


def test_synonyms_need_wordnet_and_say_how_to_get_it() -> None:
    try:
        value = meteor("a car", ["an automobile"], synonyms=True)
    except MissingDependencyError as error:
        assert "nltk.downloader wordnet" in str(error)
    else:
        assert value > meteor("a car", ["an automobile"])


def test_the_mean_over_texts_has_an_interval() -> None:
    said = ["a car burns in the street", "nobody"]
    wanted = [["a car burns in the street"], ["a man runs"]]
    scores = text_scores(said, wanted)
    assert set(scores) == {
        *(f"bleu{order}" for order in (1, 2, 3, 4)),
        *("meteor", "rouge1", "rouge2", "rougeL", "corpus_bleu4"),
    }
    assert scores["rougeL"].value == pytest.approx(0.5)
    assert (scores["rougeL"].low, scores["rougeL"].high) == (0, 1)


def test_the_floor_is_what_another_item_earns() -> None:
    said = ["a car burns", "a man runs", "nobody"]
    wanted = [["smoke"], ["a car burns"], ["a man runs"]]
    floor = text_floor(said, wanted)
    assert floor["rouge1"].value == pytest.approx(2 / 3)
    assert text_scores(said, wanted)["rouge1"].value == pytest.approx((1 / 3) / 3)
    with pytest.raises(MetricError, match="one item"):
        text_floor(["a"], [["a"]])


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(MetricError, match="without reference"):
        text_scores(["a"], [[]])
    with pytest.raises(MetricError, match="1 texts and references for 0"):
        text_scores(["a"], [])
    with pytest.raises(MetricError, match="no texts"):
        corpus_bleu([], [])
    with pytest.raises(MetricError, match="order 5"):
        bleu("a", ["a"], order=5)


@pytest.mark.parametrize("call", ["bleu('a', ['a'])", "meteor('a', ['a'])", "rouges('a', ['a'])"])
def test_an_absent_package_names_the_extra(call: str) -> None:
    program = (
        "import sys\n"
        f"for name in {PACKAGES}: sys.modules[name] = None\n"
        "from vau_agent.errors import MissingDependencyError\n"
        "from vau_agent.evals.metrics.text import bleu, meteor, rouges\n"
        "try:\n"
        f"    {call}\n"
        "except MissingDependencyError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'vau-agent[evals]'" in done.stdout
