"""Every row of a level is answered once, kept at once, and gone on with."""

from pathlib import Path

import pytest

from tests.training.validation.doubles import (
    ACCEPT,
    FALL,
    ScriptedWriter,
    by_stage,
    detecting,
    examinee,
    level,
    sample,
)
from vau_agent.errors import SettingsError
from vau_agent.evals.records import Record
from vau_agent.evals.store import RECORDS_NAME, read_records
from vau_agent.schemas import Segment
from vau_agent.training.validation.answering import read_words
from vau_agent.training.validation.levels import answer_level
from vau_agent.training.validation.shown import Shown

MADE = level(sample("a"), sample("b", "fall", (3, 6)), sample("c", "fighting", (0, 4)))


def writer() -> ScriptedWriter:
    return ScriptedWriter(say=by_stage(initial_reason=FALL, self_reflect=ACCEPT))


def records(folder: Path) -> dict[str, Record]:
    return {one.sample_id: one for one in read_records(folder)[1]}


def test_the_head_says_what_the_detector_finds_strongest(tmp_path: Path) -> None:
    asked = writer()
    answer_level(MADE, ["head"], examinee(asked, detecting("fighting")), tmp_path, at_once=2)

    said = records(tmp_path / "head")["a"].final
    assert said is not None
    assert (said.category, said.events) == ("fighting", (Segment(start=4, end=8),))
    assert asked.asked == []


def test_a_head_that_finds_nothing_says_normal(tmp_path: Path) -> None:
    answer_level(MADE, ["head"], examinee(writer(), detecting(None)), tmp_path, at_once=2)

    said = records(tmp_path / "head")["a"].final
    assert said is not None and said.label == "normal"


def test_rows_differ_by_when_evidence_is_told(tmp_path: Path) -> None:
    told: dict[str, list[bool]] = {}
    for row in ("full", "early-evidence", "no-evidence"):
        asked = writer()
        answer_level(MADE, [row], examinee(asked, detecting("fall")), tmp_path, at_once=3)
        told[row] = ["detect" in one.messages[1].text for one in asked.asked[:3]] + [
            "detect" in one.messages[-1].text for one in asked.asked[3:6]
        ]

    assert told["full"] == [False] * 3 + [True] * 3
    assert told["early-evidence"] == [True] * 3 + [False] * 3
    assert told["no-evidence"] == [False] * 6


def test_the_same_call_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    answer_level(MADE, ["full"], examinee(writer()), tmp_path, at_once=1)
    path = tmp_path / "full" / RECORDS_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rfind(b"\n", 0, -1) + 20])  # killed while it wrote the last one
    again = writer()

    answer_level(MADE, ["full"], examinee(again), tmp_path, at_once=2)

    assert len(again.batches) == 3  # the answer, the check and the control, of one video
    assert records(tmp_path / "full").keys() == {"a", "b", "c"}
    assert read_words(tmp_path / "full").keys() == {"a", "b", "c"}
    nothing = writer()
    answer_level(MADE, ["full"], examinee(nothing), tmp_path, at_once=2)
    assert nothing.batches == []


def test_answers_of_another_model_are_refused(tmp_path: Path) -> None:
    answer_level(MADE, ["full"], examinee(writer()), tmp_path, at_once=2)
    other = examinee(writer())
    changed = type(other)(
        writer=other.writer, detect=None, rule=other.rule, digests={"model": "another"}
    )

    with pytest.raises(SettingsError, match="model was 'made', is 'another'"):
        answer_level(MADE, ["full"], changed, tmp_path, at_once=2)
    answer_level(MADE, ["full"], changed, tmp_path, at_once=2, fresh=True)


def test_a_video_is_drawn_once_for_all_its_rows(tmp_path: Path) -> None:
    drawn: list[str] = []

    def show(name: str) -> Shown:
        drawn.append(name)
        return MADE.show(name)

    counted = type(MADE)(name="L1", dataset=MADE.dataset, kinds=MADE.kinds, show=show)
    told: list[tuple[int, int]] = []
    answer_level(
        counted,
        ["head", "full", "blank"],
        examinee(writer(), detecting("fall")),
        tmp_path,
        at_once=2,
        on_answers=lambda name, done, count: told.append((done, count)),
    )

    assert drawn == ["a", "b", "c"]
    assert told == [(6, 9), (9, 9)]
