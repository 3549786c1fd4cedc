"""Recorded answers as a perception: what enters, and what is left out and named."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evals.replay.made_videos import FRAMES, LENGTH, NORMALS, answers, truths, write
from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.replay.recording import Recording, read_recordings
from vau_agent.evals.samples import Gap


@pytest.mark.parametrize(
    ("answer", "verdict", "sentence"),
    [
        ("Anomalous scenes. A man falls.", 1, "A man falls."),
        ("Normal scenes. A street. Cars pass.", 0, "A street. Cars pass."),
        ("  anomalous   SCENES.\n A fire \t burns ", 1, "A fire burns"),
        ("Normal scenes.", 0, ""),
        ("A man falls. Anomalous scenes.", 0, "A man falls. Anomalous scenes."),
        ("", 0, ""),
    ],
)
def test_an_answer_is_a_verdict_and_what_is_seen(answer: str, verdict: int, sentence: str) -> None:
    (seen,) = Recording.of([answer]).look([0])

    assert (seen.verdict, seen.sentence) == (verdict, sentence)


@given(st.lists(st.text(max_size=80), min_size=1, max_size=10))
def test_any_texts_can_be_looked_at(texts: list[str]) -> None:
    recording = Recording.of(texts)
    seen = recording.look(range(recording.moments))

    assert len(seen) == recording.moments == len(texts)
    assert all(one.verdict in (0, 1) for one in seen)


def test_looks_come_in_the_order_asked_for() -> None:
    recording = Recording.of(["Normal scenes. a", "Normal scenes. b", "Normal scenes. c"])

    assert [seen.sentence for seen in recording.look([2, 0])] == ["c", "a"]
    assert recording.moment_s == 1


def test_a_recording_has_neither_name_nor_truth() -> None:
    assert [one.name for one in fields(Recording)] == ["observations"]


def test_videos_left_out_are_named_gaps(tmp_path: Path) -> None:
    told: dict[str, object] = {**answers()}
    first, second, third, fourth, *_ = told
    told["stranger"] = ["Normal scenes. a"]
    told[first] = ["Normal scenes. a"] * (LENGTH + 5)
    told[second] = "no list"
    told[third] = ["Normal scenes. a"] * (LENGTH - 1) + [7]
    del told[fourth]
    told[NORMALS[0]] = ["Normal scenes. a"] * (
        LENGTH - 1
    )  # as decoders differ: scored all the same
    dataset = UCF_CRIME.read(write(tmp_path / "truth.json", truths()))

    videos, gaps = read_recordings(write(tmp_path / "r.json", told), dataset)

    kinds = {(gap.id, gap.kind) for gap in gaps}
    left_out = {first, second, third, fourth}
    assert {video.id for video in videos} == {*answers()} - left_out
    assert kinds == {
        ("stranger", "unknown-id"),
        (first, "wrong-length"),
        (second, "unreadable"),
        (third, "unreadable"),
        (NORMALS[0], "wrong-length"),
        *((name, "missing-prediction") for name in left_out),
    }
    short = next(video for video in videos if video.id == NORMALS[0])
    assert len(short.labels) == (LENGTH - 1) * 30 < FRAMES
    assert "the first 1170 frames are scored" in _detail(gaps, NORMALS[0])


def test_answers_about_other_videos_are_refused(tmp_path: Path) -> None:
    dataset = UCF_CRIME.read(write(tmp_path / "truth.json", truths()))
    other = write(tmp_path / "r.json", {"one": ["Normal scenes. a"], "two": ["Normal scenes. b"]})

    with pytest.raises(PredictionError, match=r"none of the 2 videos .* is in ucf-crime; --truth"):
        read_recordings(other, dataset)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{}", "no json", '{"a": []}', "\x00\xff"])
def test_a_file_without_answers_is_refused(tmp_path: Path, text: str) -> None:
    dataset = UCF_CRIME.read(write(tmp_path / "truth.json", truths()))
    path = tmp_path / "r.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(PredictionError):
        read_recordings(path, dataset)


def _detail(gaps: tuple[Gap, ...], name: str) -> str:
    return next(gap.detail for gap in gaps if gap.id == name)
