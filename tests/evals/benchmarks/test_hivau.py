from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.hivau import read
from vau_agent.schemas import Segment

Write = Callable[[str, object], Path]

GOOD: dict[str, object] = {
    "n_frames": 600,
    "fps": 30.0,
    "label": ["Arson"],
    "events": [[4.0, 12.0]],
    "clips": [[[4.0, 6.0], [6.5, 12.0]]],
    "video_summary": "A man sets a bin on fire.",
}


def test_a_video_is_read(written: Write) -> None:
    split = {"description": "A bin burns.", "analysis": "Fire is dangerous."}
    (sample,) = read(written("a.json", {"A": GOOD | {"video_summary_split": split}})).samples

    assert (sample.id, sample.video, sample.duration_s) == ("A", "A.mp4", 20.0)
    assert sample.truth.category == "Arson"
    assert sample.truth.events == (Segment(start=4, end=12),)
    assert (sample.description, sample.reasoning) == ("A bin burns.", "Fire is dangerous.")


def test_without_a_split_summary_the_whole_one_describes(written: Write) -> None:
    (sample,) = read(written("a.json", {"A.avi": GOOD})).samples

    assert (sample.video, sample.description) == ("A.avi", "A man sets a bin on fire.")


def test_a_normal_video_has_no_events(written: Write) -> None:
    normal = GOOD | {"label": ["Normal"], "events": [], "clips": []}
    dataset = read(written("a.json", {"N": normal}))

    assert dataset.samples[0].truth.events == ()
    assert dataset.gaps == ()


def test_rounding_past_the_end_is_cut(written: Write) -> None:
    (sample,) = read(written("a.json", {"A": GOOD | {"events": [[4.0, 20.4]]}})).samples

    assert sample.truth.events == (Segment(start=4, end=20),)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"events": [[4.0, 25.0]]}, "wrong-length"),
        ({"events": [[12.0, 4.0]]}, "reversed-times"),
        ({"events": [[4.0, float("nan")]]}, "not-a-number"),
        ({"events": [[4.0]]}, "missing-field"),
        ({"events": None}, "unreadable"),
        ({"events": [], "clips": []}, "no-times"),
    ],
)
def test_bad_events_take_the_times_away_and_nothing_else(
    written: Write, changes: dict[str, object], kind: str
) -> None:
    dataset = read(written("a.json", {"A": GOOD | changes}))

    assert dataset.samples[0].truth.events is None
    assert dataset.samples[0].truth.anomalous
    assert [gap.kind for gap in dataset.gaps] == [kind]


@pytest.mark.parametrize(
    "clips", [[[[1.0, 6.0]]], [[[4.0, 14.0]]], [], [[[4.0, 6.0]], [[6.0, 8.0]]], [[[6.0, 5.0]]]]
)
def test_a_clip_outside_its_event_is_a_gap(written: Write, clips: object) -> None:
    dataset = read(written("a.json", {"A": GOOD | {"clips": clips}}))

    assert dataset.samples[0].truth.events == (Segment(start=4, end=12),)
    assert [gap.id for gap in dataset.gaps] == ["A"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"n_frames": 0}, "wrong-length"),
        ({"fps": "nan"}, "not-a-number"),
        ({"fps": 1e-320}, "wrong-length"),
        ({"label": []}, "missing-truth"),
        ({"label": ["Normal"]}, "missing-truth"),
    ],
)
def test_a_video_without_its_facts_is_a_gap(
    written: Write, changes: dict[str, object], kind: str
) -> None:
    dataset = read(written("a.json", {"A": GOOD, "B": GOOD | changes}))

    assert [one.id for one in dataset.samples] == ["A"]
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("B", kind)]


def test_a_repeated_key_is_a_gap(written: Write) -> None:
    text = '{"A": {"n_frames": 9, "fps": 3, "label": "Normal", "events": []}, "A": {"n_frames": 6,'
    dataset = read(written("a.json", text + ' "fps": 3, "label": "Normal", "events": []}}'))

    assert [one.frames for one in dataset.samples] == [9]
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("A", "duplicate-id")]


@pytest.mark.parametrize("content", [[], {"A": 3}, {}, "nothing"])
def test_another_file_is_refused(written: Write, content: object) -> None:
    with pytest.raises(BenchmarkError):
        read(written("a.json", content))
