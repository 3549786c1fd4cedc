"""A floor: keywords in captions."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

from vau_agent.evals.formats.keyword_captions import (
    KEYWORD_CAPTIONS,
    moving_mean,
    names_keyword,
)

WriteLines = Callable[[str, Iterable[Mapping[str, JsonValue]]], Path]


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        ("A man on a Bicycle.", True),
        ("Two carts", True),
        ("People carry bags with care.", False),
        ("A person riding along.", True),
        ("People walk.", False),
    ],
)
def test_keywords_are_whole_words(caption: str, found: bool) -> None:
    assert names_keyword(caption) is found


def test_the_mean_is_over_nine_frames_with_repeated_ends() -> None:
    scores = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert moving_mean(scores)[0] == pytest.approx(5 / 9)
    assert moving_mean(scores)[4] == pytest.approx(1 / 9)
    assert moving_mean(scores)[5] == 0
    assert moving_mean(np.ones(3)) == pytest.approx(np.ones(3))


def test_frames_are_scored_in_their_own_order(write_lines: WriteLines) -> None:
    entries: list[dict[str, JsonValue]] = [
        {"video": "v", "frame": frame, "label": int(frame > 5), "caption": text}
        for frame in reversed(range(10))
        for text in ["a cart" if frame > 5 else "people"]
    ]
    entries += [
        {"video": "v", "frame": 3, "label": 0, "caption": "again"},
        {"video": "v", "frame": 10, "label": "x", "caption": "people"},
        {"video": "v", "frame": 11, "label": 0, "caption": None},
        {"frame": 1, "label": 0, "caption": "people"},
    ]
    table = KEYWORD_CAPTIONS.score(write_lines("c.jsonl", entries), None, draws=2, seed=0)
    rows = {row.name: row for row in table.rows}
    assert rows["keyword"].metrics["keyword_auc"].value == 1
    assert rows["keyword"].metrics["frames"].value == 11
    assert {row.kind for row in table.rows} == {"floor"}
    assert [gap.kind for gap in table.gaps] == [
        "duplicate-id",
        "missing-truth",
        "missing-prediction",
        "missing-field",
    ]
