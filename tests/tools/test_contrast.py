import numpy as np
import pytest

from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.contrast import BANK, LEVEL, Contrast
from vau_agent.tools.index_video import index_video


def contrast_of(*readers: Painted) -> Contrast:
    embedder = ColourEmbedder()
    indexes = [index_video(one, embedder, RetrievalSettings(), TriageSettings()) for one in readers]
    return Contrast.over(indexes, embedder.embed_texts(BANK))


def test_no_two_texts_of_the_bank_are_equal() -> None:
    assert len(set(BANK)) == len(BANK)


def test_the_bank_is_large_enough_for_its_level() -> None:
    assert 2 / (1 + len(BANK)) <= LEVEL


def test_what_fills_a_whole_video_is_a_match_though_nothing_stands_out() -> None:
    contrast = contrast_of(Painted(duration_s=10, colours={0: "red"}))
    embedder = ColourEmbedder()
    query = embedder.embed_texts(["red"])

    assert contrast.is_strong(query, 1.0)


def test_what_stands_out_is_a_match_though_its_score_is_low() -> None:
    bank = np.linspace(0.5, 0.6, len(BANK), dtype=np.float32)
    contrast = Contrast(
        centre=np.array([0, 1], dtype=np.float32),
        closest=bank,
        standing_out=np.zeros(len(BANK), dtype=np.float32),
    )
    never_near = np.array([[1, 0]], dtype=np.float32)

    assert contrast.is_strong(never_near, 0.3)
    assert not contrast.is_strong(never_near, 0.0)


@pytest.mark.parametrize(("beaten_by", "strong"), [(0, True), (2, True), (3, False)])
def test_the_level_holds_from_both_sides(beaten_by: int, strong: bool) -> None:
    scores = np.zeros(len(BANK), dtype=np.float32)
    scores[:beaten_by] = 0.9
    contrast = Contrast(centre=np.zeros(2, dtype=np.float32), closest=scores, standing_out=scores)
    query = np.array([[1, 0]], dtype=np.float32)

    assert contrast.is_strong(query, 0.5) is strong


def test_queries_like_those_of_the_bank_pass_no_more_often_than_the_level() -> None:
    rng = np.random.default_rng(0)
    passed = 0
    draws = 2000
    for _ in range(draws):
        close, out = rng.normal(size=(2, len(BANK) + 1)).astype(np.float32)
        contrast = Contrast(
            centre=np.array([close[-1] - out[-1]], dtype=np.float32),
            closest=close[:-1],
            standing_out=out[:-1],
        )
        passed += contrast.is_strong(np.ones((1, 1), dtype=np.float32), float(close[-1]))

    # both comparisons are independent here, which is the worst case of Bonferroni
    assert passed / draws < LEVEL + 3 * (LEVEL * (1 - LEVEL) / draws) ** 0.5


def test_every_video_counts_alike_whatever_its_length() -> None:
    short = Painted(duration_s=1, colours={0: "red"})
    colours = {float(at): ("blue", "yellow")[at % 2] for at in range(50)}
    long = Painted(duration_s=50, colours=colours, sha256="b" * 64)

    centre = contrast_of(short, long).centre

    red = ColourEmbedder().embed_texts(["red"])[0]
    assert centre @ red == pytest.approx(0.5, abs=1e-3)
