from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.uca import read

Write = Callable[[str, object], Path]

GOOD: dict[str, object] = {
    "duration": 20.0,
    "timestamps": [[0.5, 4.0], [3.5, 20.4]],
    "sentences": ["A man walks. ", "He runs."],
}


def test_sentences_become_the_description(written: Write) -> None:
    dataset = read(written("a.json", {"Abuse043_x264": GOOD, "Normal_Videos_001_x264": GOOD}))

    abuse, normal = dataset.samples
    assert abuse.truth.category == "Abuse"
    assert abuse.truth.events is None
    assert abuse.description == "[0.5-4 s] A man walks.\n[3.5-20 s] He runs."
    assert not normal.truth.anomalous
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("Abuse043_x264", "no-times")]


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        ([4.0, 1.0], "reversed-times"),
        ([30.0, 31.0], "wrong-length"),
        ([1.0], "missing-field"),
        ([1.0, None], "not-a-number"),
        (7, "unreadable"),
    ],
)
def test_a_sentence_without_its_time_is_a_gap(written: Write, times: object, kind: str) -> None:
    entry = GOOD | {"timestamps": [times, [3.5, 9.0]]}
    dataset = read(written("a.json", {"Normal_Videos_1": entry}))

    assert dataset.samples[0].description == "[3.5-9 s] He runs."
    assert [gap.kind for gap in dataset.gaps] == [kind]


@pytest.mark.parametrize(
    ("name", "changes", "kind"),
    [
        ("Normal_Videos_2", {"sentences": ["one"]}, "wrong-length"),
        ("Normal_Videos_2", {"duration": -1}, "wrong-length"),
        ("Normal_Videos_2", {"duration": True}, "not-a-number"),
        ("77", {}, "missing-truth"),
    ],
)
def test_a_bad_video_is_a_gap(
    written: Write, name: str, changes: dict[str, object], kind: str
) -> None:
    dataset = read(written("a.json", {"Normal_Videos_1": GOOD, name: GOOD | changes}))

    assert len(dataset.samples) == 1
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [(name, kind)]


def test_a_list_is_refused(written: Write) -> None:
    with pytest.raises(BenchmarkError, match="object by video name"):
        read(written("a.json", []))
