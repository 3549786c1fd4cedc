"""How alike texts are: BLEU, METEOR and ROUGE through kept libraries, all 0..1, case ignored.

None of them knows whether a text is true: they count words and word sequences.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, get_args

from vau_agent.errors import MetricError, MissingDependencyError
from vau_agent.evals.significance import bootstrap_mean
from vau_agent.evals.tables import Estimate

Rouge = Literal["rouge1", "rouge2", "rougeL"]
ROUGES: Final[tuple[Rouge, ...]] = get_args(Rouge)

BLEU: Final = "sacreBLEU, tokens 13a, lower case, exponential smoothing, effective order"
ROUGE: Final = "rouge-score, F1, Porter stems, best reference"
METEOR_WITHOUT_SYNONYMS: Final = "METEOR (nltk), exact and stems, no synonyms"
METEOR_WITH_SYNONYMS: Final = "METEOR (nltk), exact, stems and WordNet synonyms"


class _NoSynonyms:
    """Stands where nltk's METEOR looks for WordNet, and knows no word."""

    def synsets(self, _: str) -> tuple[()]:
        return ()


def bleu(candidate: str, references: Sequence[str], *, order: int = 4) -> float:
    """Give the BLEU of one text (see `BLEU` for the convention), 0..1.

    Vad-R1 prints BLEU-2 in this range; its tokens and smoothing were not published. A text shorter
    than `order` words is scored by the orders it has.

    Args:
        candidate: The text to score.
        references: Texts it should be like; n-grams count against the best of them.
        order: Longest n-gram that counts, 1..4.

    Raises:
        MetricError: There is no reference, or the order is not 1..4.
        MissingDependencyError: sacrebleu is not installed.
    """
    _refuse_empty(references)
    _refuse_order(order)
    try:
        from sacrebleu.metrics.bleu import BLEU as SacreBleu
    except ModuleNotFoundError as error:
        raise _missing("BLEU", error) from error
    metric = SacreBleu(lowercase=True, max_ngram_order=order, effective_order=True)
    return min(1.0, metric.sentence_score(candidate, list(references)).score / 100)


def corpus_bleu(
    candidates: Sequence[str], references: Sequence[Sequence[str]], *, order: int = 4
) -> float:
    """Give the BLEU of many texts, n-gram counts pooled over all of them (Papineni et al. 2002).

    Not the mean of `bleu`: long texts weigh more.

    Raises:
        MetricError: There are no texts, the lengths differ, a text has no reference, or the order
            is not 1..4.
        MissingDependencyError: sacrebleu is not installed.
    """
    _refuse_uneven(candidates, references)
    _refuse_order(order)
    try:
        from sacrebleu.metrics.bleu import BLEU as SacreBleu
    except ModuleNotFoundError as error:
        raise _missing("BLEU", error) from error
    most = max(map(len, references))
    # A text with fewer references repeats its first, which changes no count and no length.
    streams = [
        [texts[place] if place < len(texts) else texts[0] for texts in references]
        for place in range(most)
    ]
    metric = SacreBleu(lowercase=True, max_ngram_order=order, force=True)
    score: float = metric.corpus_score(list(candidates), streams).score
    return min(1.0, score / 100)


def meteor(candidate: str, references: Sequence[str], *, synonyms: bool = False) -> float:
    """Give the METEOR of one text against its best reference, 0..1.

    Alpha 0.9, beta 3, gamma 0.5 (Lavie and Agarwal 2007); words as in ROUGE. Without `synonyms`
    the WordNet stage is left out, so that figures do not depend on what a machine has: print
    `METEOR_WITHOUT_SYNONYMS` beside them. They are lower than METEOR with synonyms.

    Args:
        candidate: The text to score.
        references: Texts it should be like.
        synonyms: Match synonyms too; needs nltk's `wordnet` data.

    Raises:
        MetricError: There is no reference.
        MissingDependencyError: nltk is not installed, or its WordNet data is wanted and absent.
    """
    _refuse_empty(references)
    try:
        from nltk.corpus import wordnet
        from nltk.translate.meteor_score import meteor_score
    except ModuleNotFoundError as error:
        raise _missing("METEOR", error) from error
    words = [_words(text) for text in references]
    if not synonyms:
        return float(meteor_score(words, _words(candidate), wordnet=_NoSynonyms()))
    try:
        wordnet.ensure_loaded()
    except LookupError as error:
        raise MissingDependencyError(
            "METEOR with synonyms needs WordNet; python -m nltk.downloader wordnet"
        ) from error
    return float(meteor_score(words, _words(candidate), wordnet=wordnet))


def rouges(candidate: str, references: Sequence[str]) -> dict[Rouge, float]:
    """Give each kind of ROUGE F1 of one text against its best reference (see `ROUGE`), 0..1.

    Raises:
        MetricError: There is no reference.
        MissingDependencyError: rouge-score is not installed.
    """
    _refuse_empty(references)
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ModuleNotFoundError as error:
        raise _missing("ROUGE", error) from error
    scores = RougeScorer(list(ROUGES), use_stemmer=True).score_multi(list(references), candidate)
    return {kind: float(scores[kind].fmeasure) for kind in ROUGES}


def text_scores(
    candidates: Sequence[str], references: Sequence[Sequence[str]], *, synonyms: bool = False
) -> dict[str, Estimate]:
    """Give the mean of every text metric over the texts, with bootstrap intervals.

    Keys: `bleu1` to `bleu4`, `meteor`, `rouge1`, `rouge2`, `rougeL`; and `corpus_bleu4`, which
    pools counts and has no interval. Print `text_conventions` beside them.

    Raises:
        MetricError: There are no texts, the lengths differ, or a text has no reference.
        MissingDependencyError: A package of the extra `evals`, or WordNet, is not installed.
    """
    _refuse_uneven(candidates, references)
    metrics: dict[str, Callable[[str, Sequence[str]], float]] = {
        "bleu1": lambda text, wanted: bleu(text, wanted, order=1),
        "bleu2": lambda text, wanted: bleu(text, wanted, order=2),
        "bleu3": lambda text, wanted: bleu(text, wanted, order=3),
        "bleu4": lambda text, wanted: bleu(text, wanted, order=4),
        "meteor": lambda text, wanted: meteor(text, wanted, synonyms=synonyms),
    }
    pairs = list(zip(candidates, references, strict=True))
    values = {name: [score(*pair) for pair in pairs] for name, score in metrics.items()}
    recalled = [rouges(*pair) for pair in pairs]
    values |= {kind: [scores[kind] for scores in recalled] for kind in ROUGES}
    means = {name: bootstrap_mean(one).estimate() for name, one in values.items()}
    pooled = Estimate(value=corpus_bleu(candidates, references), n=len(pairs))
    return means | {"corpus_bleu4": pooled}


def text_floor(
    candidates: Sequence[str], references: Sequence[Sequence[str]], *, synonyms: bool = False
) -> dict[str, Estimate]:
    """Score every text against the references of the next item, the last against the first.

    What a text of this kind earns without being about its video: print it beside `text_scores`.

    Raises:
        MetricError: There are fewer than two texts, the lengths differ, or a text has no reference.
        MissingDependencyError: A package of the extra `evals`, or WordNet, is not installed.
    """
    if len(references) < 2:
        raise MetricError("a text cannot be scored against another item's where there is one item")
    return text_scores(candidates, [*references[1:], references[0]], synonyms=synonyms)


def text_conventions(*, synonyms: bool = False) -> dict[str, str]:
    """Say how the text metrics are computed, for a table's conventions."""
    return {
        "bleu": f"mean over texts; {BLEU}",
        "meteor": METEOR_WITH_SYNONYMS if synonyms else METEOR_WITHOUT_SYNONYMS,
        "rouge": ROUGE,
    }


def _words(text: str) -> list[str]:
    from rouge_score.tokenize import tokenize

    return list(tokenize(text, None))


def _missing(metric: str, error: ModuleNotFoundError) -> MissingDependencyError:
    return MissingDependencyError(f"{metric} needs {error.name!r}; pip install 'vau-agent[evals]'")


def _refuse_order(order: int) -> None:
    if not 1 <= order <= 4:
        raise MetricError(f"BLEU of order {order}; the orders are 1 to 4")


def _refuse_empty(references: Sequence[str]) -> None:
    if not references:
        raise MetricError("a text without reference cannot be scored")


def _refuse_uneven(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(candidates) != len(references):
        raise MetricError(f"{len(candidates)} texts and references for {len(references)}")
    if not candidates:
        raise MetricError("there are no texts to score")
    for one in references:
        _refuse_empty(one)
