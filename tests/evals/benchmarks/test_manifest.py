from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.manifest import read
from vau_agent.evals.samples import FrameSpan
from vau_agent.schemas import Segment

Write = Callable[[str, object], Path]

GOOD: dict[str, object] = {"file": "a/1.mp4", "label": "fall", "events_s": [[1, 2.5]]}


def test_a_clip_needs_a_file_a_label_and_times(written: Write) -> None:
    dataset = read(written("clips.json", [GOOD]))

    (clip,) = dataset.samples
    assert (clip.id, clip.video, clip.source) == ("a/1.mp4", "a/1.mp4", "manifest")
    assert (clip.truth.category, clip.truth.events) == ("fall", (Segment(start=1, end=2.5),))
    assert dataset.gaps == ()


def test_everything_that_may_be_said_is_read(written: Write) -> None:
    question = {"text": "Who fell?", "options": ["He", "She"], "answer": 1}
    more = {"id": "x", "dataset": "home", "duration_s": 4, "fps": 10, "frames": 40, "width": 9}
    texts = {"description": "She falls.", "reasoning": "She lies still.", "question": question}
    (clip,) = read(written("clips.json", [GOOD | more | texts])).samples

    assert (clip.id, clip.source, clip.frames, clip.fps, clip.duration_s) == (
        *("x", "home", 40, 10),
        4,
    )
    assert (clip.description, clip.reasoning) == ("She falls.", "She lies still.")
    assert clip.question is not None
    assert clip.question.options[clip.question.answer] == "She"


def test_a_label_may_leave_the_category_open(written: Write) -> None:
    clips = [GOOD | {"label": "anomalous"}, {"file": "b.mp4", "label": "Normal"}]
    unknown, normal = read(written("clips.json", clips)).samples

    assert (unknown.truth.anomalous, unknown.truth.category) == (True, None)
    assert (normal.truth.anomalous, normal.truth.events) == (False, ())


def test_the_whole_clip_may_be_the_event(written: Write) -> None:
    clip = GOOD | {"events_s": "whole clip", "duration_s": 4}
    (sample,) = read(written("clips.json", [clip])).samples

    assert sample.truth.events == (Segment(start=0, end=4),)


def test_frames_give_seconds_where_the_rate_is_known(written: Write) -> None:
    clip = {"file": "a", "label": "x", "events_frames_0based_half_open": [[5, 10]], "fps": 10}
    (sample,) = read(written("clips.json", [clip])).samples

    assert sample.truth.spans == (FrameSpan(start=5, end=10),)
    assert sample.truth.events == (Segment(start=0.5, end=1),)


@pytest.mark.parametrize("risk", ["low", "medium", "high", None])
def test_a_risk_may_be_stated(written: Write, risk: str | None) -> None:
    clips = [GOOD | {"risk": risk}, {"file": "b.mp4", "label": "normal", "risk": risk}]
    dataset = read(written("clips.json", clips))

    assert [one.truth.risk for one in dataset.samples] == [risk, risk]


@pytest.mark.parametrize("risk", ["grave", "High", "", 2, ["low"], {}, True])
def test_another_risk_is_a_gap_that_names_it(written: Write, risk: object) -> None:
    dataset = read(written("clips.json", [GOOD, GOOD | {"id": "bad", "risk": risk}]))

    (gap,) = dataset.gaps
    assert (gap.id, gap.kind) == ("bad", "unreadable")
    assert gap.detail == f"risk is {risk!r}, not low, medium, high"


@pytest.mark.parametrize("events", [None, "whole clip", []])
def test_an_anomaly_without_times_is_named_and_stays(written: Write, events: object) -> None:
    dataset = read(written("clips.json", [GOOD | {"events_s": events}]))

    assert dataset.samples[0].truth.events is None
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("a/1.mp4", "no-times")]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"file": ""}, "missing-field"),
        ({"label": None}, "missing-field"),
        ({"events_s": [[2, 1]]}, "reversed-times"),
        ({"events_s": [[1]]}, "missing-field"),
        ({"events_s": "sometimes"}, "unreadable"),
        ({"events_s": [[9, 10]], "duration_s": 5}, "wrong-length"),
        ({"fps": float("nan")}, "not-a-number"),
        ({"frames": 0}, "wrong-length"),
        (
            {"events_s": None, "fps": 1e-320, "events_frames_0based_half_open": [[0, 9]]},
            "wrong-length",
        ),
        ({"frames": 7.5}, "not-a-number"),
        ({"label": "normal"}, "missing-truth"),
        ({"question": {"text": "?", "options": ["a"], "answer": 0}}, "unreadable"),
        ({"question": {"text": "?", "options": ["a", "b"], "answer": 2}}, "unreadable"),
        ({"events_frames_0based_half_open": [[4, 4]]}, "reversed-times"),
    ],
)
def test_a_bad_clip_is_a_gap(written: Write, changes: dict[str, object], kind: str) -> None:
    clips = [GOOD, GOOD | {"id": "bad"} | changes, GOOD]
    dataset = read(written("clips.json", clips))

    assert [one.id for one in dataset.samples] == ["a/1.mp4"]
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [
        ("bad", kind),
        ("a/1.mp4", "duplicate-id"),
    ]


@pytest.mark.parametrize("content", [{}, [], [3], "[1", "\x00"])
def test_another_file_is_refused(written: Write, content: object) -> None:
    with pytest.raises(BenchmarkError):
        read(written("clips.json", content))
