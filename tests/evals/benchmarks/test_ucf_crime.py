from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.ucf_crime import read
from vau_agent.evals.samples import FrameSpan
from vau_agent.schemas import Segment

Write = Callable[[str, object], Path]

LINES = """\
Arson001_x264.mp4  Arson  30  60  90  120
Normal_Videos_001_x264.mp4  Normal  -1  -1  -1  -1

"""


def entry(name: str, times: list[object], length: object = 300) -> dict[str, object]:
    return {"video": f"frames/{name}.mp4", "temporal_label": times, "length": length}


def test_the_text_is_read_without_lengths(written: Write) -> None:
    dataset = read(written("any.txt", LINES))

    assert "Temporal_Anomaly_Annotation.txt" in dataset.annotation
    arson, normal = dataset.samples
    assert arson.id == "Arson001_x264"
    assert arson.truth.category == "Arson"
    assert arson.truth.spans == (FrameSpan(start=30, end=60), FrameSpan(start=90, end=120))
    assert arson.truth.events == (Segment(start=1, end=2), Segment(start=3, end=4))
    assert arson.frames is None
    assert not normal.truth.anomalous
    assert normal.truth.events == ()


def test_the_json_is_told_by_its_content_and_knows_lengths(written: Write) -> None:
    entries = [entry("Arson/A_x264", [30, 60, -1, -1]), entry("Normal/N_x264", [-1, -1, -1, -1])]
    dataset = read(written("any.txt", entries))

    assert "UCF_Eval.json" in dataset.annotation
    assert [(one.id, one.frames, one.duration_s) for one in dataset.samples] == [
        ("A_x264", 300, 10.0),
        ("N_x264", 300, 10.0),
    ]
    assert dataset.samples[0].truth.category == "Arson"
    assert dataset.samples[0].truth.spans == (FrameSpan(start=30, end=60),)


def test_a_span_is_cut_at_the_end_of_its_video(written: Write) -> None:
    dataset = read(written("a.json", [entry("Arson/A", [200, 301, -1, -1])]))

    assert dataset.samples[0].truth.spans == (FrameSpan(start=200, end=300),)


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (entry("Arson/B", [60, 30, -1, -1]), "reversed-times"),
        (entry("Arson/B", [30, 30, -1, -1]), "reversed-times"),
        (entry("Arson/B", [300, 400, -1, -1]), "wrong-length"),
        (entry("Arson/B", [30, 60, -1]), "missing-field"),
        (entry("Arson/B", [30, float("nan"), -1, -1]), "not-a-number"),
        (entry("Arson/B", [30, "soon", -1, -1]), "not-a-number"),
        (entry("Arson/B", [30, 60.5, -1, -1]), "not-a-number"),
        (entry("Arson/B", [30, 60], 0), "wrong-length"),
        (entry("Arson/B", [30, 60], 10**400), "not-a-number"),
        (entry("Arson/B", [-1, -1, -1, -1]), "missing-truth"),
        (entry("Normal/B", [30, 60, -1, -1]), "missing-truth"),
        ({"video": "frames/Arson/B.mp4", "length": 9}, "missing-field"),
        (entry("Arson/A", [30, 60, -1, -1]), "duplicate-id"),
    ],
)
def test_a_bad_entry_is_a_named_gap_and_the_rest_is_read(
    written: Write, broken: dict[str, object], kind: str
) -> None:
    entries = [entry("Arson/A", [30, 60, -1, -1]), broken, entry("Normal/N", [-1, -1, -1, -1])]
    dataset = read(written("a.json", entries))

    assert [one.id for one in dataset.samples] == ["A", "N"]
    assert [gap.kind for gap in dataset.gaps] == [kind]
    assert dataset.gaps[0].id in ("A", "B")


def test_a_short_line_is_a_gap_with_its_number(written: Write) -> None:
    dataset = read(written("a.txt", LINES + "Abuse001_x264.mp4  Abuse  5\n"))

    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("line 4", "missing-field")]


@pytest.mark.parametrize("text", ["", "{}", "one two\n", "[1]", "[{]", "[[]]"])
def test_another_file_is_refused(written: Write, text: str) -> None:
    with pytest.raises(BenchmarkError):
        read(written("a.txt", text))
