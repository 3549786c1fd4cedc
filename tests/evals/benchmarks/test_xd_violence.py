from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.xd_violence import read
from vau_agent.evals.samples import FrameSpan

Write = Callable[[str, object], Path]


def entry(key: str, times: list[object], length: object = 240) -> dict[str, object]:
    return {"video": key, "temporal_label": times, "length": length, "label": "1"}


def test_lines_take_the_class_from_the_key(written: Write) -> None:
    dataset = read(written("a.txt", "film__#1_label_B2-G-0 10 20 30 40\nclip_label_G-0-0.mp4 1 2"))

    assert dataset.annotation.startswith("annotations.txt")
    first, second = dataset.samples
    assert first.truth.category == "shooting"
    assert first.truth.spans == (FrameSpan(start=10, end=20), FrameSpan(start=30, end=40))
    assert (second.id, second.video) == ("clip_label_G-0-0", "clip_label_G-0-0.mp4")


def test_class_lines_take_the_class_that_lasts_longest(written: Write) -> None:
    dataset = read(written("a.txt", "film__#1_label_B2-G-0 G 10 20 B6 30 45\n"))

    assert dataset.annotation.startswith("annotations_multiclasses.txt")
    assert dataset.samples[0].truth.category == "car accident"
    assert dataset.samples[0].truth.spans == (
        FrameSpan(start=10, end=20),
        FrameSpan(start=30, end=45),
    )


def test_the_json_holds_normal_videos_and_lengths(written: Write) -> None:
    entries = [entry("a_label_B1-0-0", [24, 48]), entry("b_label_A", [-1, -1])]
    violent, normal = read(written("a.json", entries)).samples

    assert violent.truth.events is not None
    assert (violent.truth.events[0].start, violent.truth.events[0].end) == (1, 2)
    assert (violent.frames, violent.duration_s) == (240, 10.0)
    assert not normal.truth.anomalous


def test_a_violent_key_without_times_stays_and_is_named(written: Write) -> None:
    dataset = read(written("a.json", [entry("a_label_B4-0-0", [-1, -1])]))

    truth = dataset.samples[0].truth
    assert (truth.anomalous, truth.category, truth.events, truth.spans) == (
        True,
        "riot",
        None,
        None,
    )
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("a_label_B4-0-0", "no-times")]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (entry("b_label_B1-0-0", [48, 24]), "reversed-times"),
        (entry("b_label_B1-0-0", [24, 48, 50]), "missing-field"),
        (entry("b_label_B1-0-0", [240, 260]), "wrong-length"),
        (entry("b_label_B1-0-0", [24, None]), "not-a-number"),
        (entry("b_label_A", [24, 48]), "missing-truth"),
        (entry("b_label_C9-0-0", [24, 48]), "missing-truth"),
        (entry("b", [24, 48]), "missing-truth"),
        (entry("a_label_B1-0-0", [24, 48]), "duplicate-id"),
    ],
)
def test_a_bad_entry_is_a_named_gap(written: Write, broken: object, kind: str) -> None:
    dataset = read(written("a.json", [entry("a_label_B1-0-0", [24, 48]), broken]))

    assert len(dataset.samples) == 1
    assert [gap.kind for gap in dataset.gaps] == [kind]


@pytest.mark.parametrize("line", ["c_label_G-0-0 G 1 2 X9 3 4", "c_label_G-0-0 G 1", "c G 5 4"])
def test_a_bad_class_line_is_a_gap(written: Write, line: str) -> None:
    dataset = read(written("a.txt", f"a_label_G-0-0 G 1 2\n{line}\n"))

    assert len(dataset.samples) == 1
    assert [gap.id for gap in dataset.gaps] == ["line 2"]


@pytest.mark.parametrize("text", ["", "one\n", "{}", "[]"])
def test_another_file_is_refused(written: Write, text: str) -> None:
    with pytest.raises(BenchmarkError):
        read(written("a.txt", text))
