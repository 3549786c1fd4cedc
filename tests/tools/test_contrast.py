import numpy as np
import pytest

from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.contrast import BANK, LEVEL, Contrast
from vau_agent.tools.index_video import index_video


def contrast_of(query: str, *readers: Painted) -> Contrast:
    embedder = ColourEmbedder()
    indexes = [index_video(one, embedder, RetrievalSettings(), TriageSettings()) for one in readers]
    return Contrast.over(indexes, embedder.embed_texts(BANK), embedder.embed_texts([query]))


def test_no_two_texts_of_the_bank_are_equal() -> None:
    assert len(set(BANK)) == len(BANK)


def test_the_bank_is_large_enough_for_its_level() -> None:
    assert 1 / (1 + len(BANK)) <= LEVEL


def test_what_fills_a_whole_video_is_a_match_though_nothing_stands_out() -> None:
    contrast = contrast_of("red", Painted(duration_s=10, colours={0: "red"}))

    assert contrast.is_strong(1.0)
    assert not contrast.is_strong(0.0)


def test_over_several_videos_what_stands_out_is_a_match_though_its_score_is_low() -> None:
    bank = np.linspace(2.0, 3.0, len(BANK), dtype=np.float32)
    contrast = Contrast(bank=bank, usual=0.1, spread=0.02)

    assert contrast.is_strong(0.2)
    assert not contrast.is_strong(0.12)


def test_videos_that_all_show_the_same_have_nothing_that_stands_out() -> None:
    readers = [Painted(duration_s=4, colours={0: "red"}, sha256=letter * 64) for letter in "ab"]

    assert not contrast_of("red", *readers).is_strong(1.0)


@pytest.mark.parametrize(("beaten_by", "strong"), [(0, True), (5, True), (6, False)])
def test_the_level_holds_from_both_sides(beaten_by: int, strong: bool) -> None:
    scores = np.zeros(len(BANK), dtype=np.float32)
    scores[:beaten_by] = 0.9

    assert Contrast(bank=scores).is_strong(0.5) is strong


@pytest.mark.parametrize(("ahead", "strong"), [(0.0, False), (0.0005, False), (0.01, True)])
def test_a_lead_within_rounding_is_no_lead(ahead: float, strong: bool) -> None:
    contrast = Contrast(bank=np.full(len(BANK), 0.5, dtype=np.float32))

    assert contrast.is_strong(0.5 + ahead) is strong


def test_queries_like_those_of_the_bank_pass_no_more_often_than_the_level() -> None:
    rng = np.random.default_rng(0)
    draws = 2000
    passed = 0
    for _ in range(draws):
        scores = rng.normal(size=len(BANK) + 1).astype(np.float32)
        passed += Contrast(bank=scores[:-1]).is_strong(float(scores[-1]))

    assert 0 < passed / draws < LEVEL + 3 * (LEVEL * (1 - LEVEL) / draws) ** 0.5


def test_every_video_counts_alike_whatever_its_length() -> None:
    short = Painted(duration_s=1, colours={0: "red"})
    colours = {float(at): ("blue", "yellow")[at % 2] for at in range(50)}
    long = Painted(duration_s=50, colours=colours, sha256="b" * 64)

    contrast = contrast_of("red", short, long)

    assert contrast.usual == pytest.approx(0.5, abs=1e-3)
    assert contrast.spread == pytest.approx(0.5, abs=1e-3)
