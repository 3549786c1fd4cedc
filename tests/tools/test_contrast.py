import numpy as np
import pytest

from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.contrast import LEVEL, Contrast, unrelated_texts
from vau_agent.tools.index_video import index_video

_BANK = unrelated_texts()


def contrast_of(query: str, *readers: Painted) -> Contrast:
    embedder = ColourEmbedder()
    indexes = [index_video(one, embedder, RetrievalSettings(), TriageSettings()) for one in readers]
    return Contrast.over(indexes, embedder.embed_texts(_BANK), embedder.embed_texts([query]))


def test_no_two_texts_of_the_bank_are_equal() -> None:
    assert len(set(_BANK)) == len(_BANK)


def test_the_bank_is_large_enough_for_its_level() -> None:
    assert 2 / (1 + len(_BANK)) <= LEVEL


def test_what_fills_a_whole_video_is_a_match_though_nothing_stands_out() -> None:
    contrast = contrast_of("red", Painted(duration_s=10, colours={0: "red"}))

    assert contrast.is_strong(1.0)
    assert not contrast.is_strong(0.0)


def test_over_several_videos_what_stands_out_is_a_match_though_its_score_is_low() -> None:
    closest = np.linspace(0.4, 0.6, len(_BANK), dtype=np.float32)
    outstanding = np.linspace(2.0, 3.0, len(_BANK), dtype=np.float32)
    contrast = Contrast(closest=closest, outstanding=outstanding, usual=0.1, spread=0.02)

    assert contrast.is_strong(0.2)
    assert not contrast.is_strong(0.12)


def test_over_several_videos_what_is_in_half_of_them_is_a_match_all_the_same() -> None:
    gate = Painted(duration_s=20, colours={0: "grey", 5: "green"}, sha256="b" * 64)

    assert contrast_of("green", Painted(duration_s=20), gate).is_strong(1.0)


def test_words_about_nothing_there_are_no_match_in_videos_that_all_show_the_same() -> None:
    readers = [Painted(duration_s=4, colours={0: "red"}, sha256=letter * 64) for letter in "ab"]

    assert not contrast_of("blue", *readers).is_strong(0.0)


@pytest.mark.parametrize(("beaten_by", "strong"), [(0, True), (5, True), (6, False)])
def test_the_level_holds_from_both_sides(beaten_by: int, strong: bool) -> None:
    scores = np.zeros(len(_BANK), dtype=np.float32)
    scores[:beaten_by] = 0.9

    assert Contrast(closest=scores).is_strong(0.5) is strong


@pytest.mark.parametrize(("ahead", "strong"), [(0.0, False), (0.0005, False), (0.01, True)])
def test_a_lead_within_rounding_is_no_lead(ahead: float, strong: bool) -> None:
    contrast = Contrast(closest=np.full(len(_BANK), 0.5, dtype=np.float32))

    assert contrast.is_strong(0.5 + ahead) is strong


@pytest.mark.parametrize("several", [False, True])
def test_queries_like_those_of_the_bank_pass_no_more_often_than_the_level(several: bool) -> None:
    rng = np.random.default_rng(0)
    draws = 2000
    passed = 0
    for _ in range(draws):
        close, out = rng.normal(size=(2, len(_BANK) + 1)).astype(np.float32)
        contrast = Contrast(
            closest=close[:-1],
            outstanding=out[:-1] if several else None,
            usual=float(close[-1] - out[-1]),
        )
        passed += contrast.is_strong(float(close[-1]))

    # independent comparisons are the worst case of Bonferroni
    assert 0 < passed / draws < LEVEL + 3 * (LEVEL * (1 - LEVEL) / draws) ** 0.5


def test_every_video_counts_alike_whatever_its_length() -> None:
    short = Painted(duration_s=1, colours={0: "red"})
    colours = {float(at): ("blue", "yellow")[at % 2] for at in range(50)}
    long = Painted(duration_s=50, colours=colours, sha256="b" * 64)

    contrast = contrast_of("red", short, long)

    assert contrast.usual == pytest.approx(0.5, abs=1e-3)
    assert contrast.spread == pytest.approx(0.5, abs=1e-3)
