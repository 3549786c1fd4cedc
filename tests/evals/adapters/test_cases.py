from collections import Counter
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError, SettingsError
from vau_agent.evals.adapters.cases import Case, Cases, read_cases, score_reply
from vau_agent.evals.adapters.verdicts import verdict_prompt, write_verdict
from vau_agent.evals.records import Opinion
from vau_agent.evals.samples import Question, Truth
from vau_agent.schemas import Segment

FIGHT = Truth(anomalous=True, category="fighting", events=(Segment(start=2, end=6),))
NORMAL = Truth(anomalous=False, events=())


def case(truth: Truth) -> Case:
    return Case(number=1, sample_id="x", subject="verdict", prompt="?", truth=truth)


def said(label: str, *times: tuple[float, float]) -> str:
    events = [Segment(start=start, end=end) for start, end in times]
    return write_verdict(Opinion.model_validate({"label": label, "events": events}))


@pytest.mark.parametrize(
    ("truth", "text", "correct", "iou"),
    [
        (FIGHT, said("anomalous", (2, 6)), True, 1),
        (FIGHT, said("anomalous", (4, 8)), True, 1 / 3),
        (FIGHT, said("anomalous", (2, 3), (5, 6)), True, 0.5),
        (FIGHT, said("anomalous"), True, 0),
        (FIGHT, said("normal"), False, 0),
        (FIGHT, said("inconclusive"), False, 0),
        (FIGHT, "no idea", False, 0),
        (NORMAL, said("normal"), True, 1),
        (NORMAL, said("anomalous", (0, 9)), False, 0),
        (NORMAL, said("inconclusive"), False, 1),
        (NORMAL, "", False, 0),
        (Truth(anomalous=True), said("anomalous", (2, 6)), True, None),
        (Truth(anomalous=True), "no idea", False, None),
    ],
)
def test_a_verdict_is_scored_by_label_and_by_time(
    truth: Truth, text: str, correct: bool, iou: float | None
) -> None:
    score = score_reply(case(truth), text)

    assert score.correct == correct
    assert score.iou == (iou if iou is None else pytest.approx(iou))
    assert score.readable == text.startswith("{")


@pytest.mark.parametrize(
    ("text", "correct", "readable"),
    [("B", True, True), ("A", False, True), ("I cannot tell.", False, False), ("", False, False)],
)
def test_an_option_is_scored_in_the_order_it_was_shown(
    text: str, correct: bool, readable: bool
) -> None:
    question = Question(text="What?", options=("right", "wrong"), answer=0)
    asked = case(NORMAL).model_copy(update={"subject": "qa", "question": question, "order": (1, 0)})

    score = score_reply(asked, text)
    assert (score.correct, score.readable) == (correct, readable)
    assert asked.target == "B"
    assert score.iou is None


def test_cases_carry_numbers_and_the_rest_is_named(clip_list: Path, clip_folder: Path) -> None:
    read = read_cases("manifest", clip_list, clip_folder)

    assert [one.number for one in read.cases] == [1, 2]
    assert {one.sample_id for one in read.cases} == {"fighting.mp4", "empty.mp4"}
    assert Counter(gap.kind for gap in read.dataset.gaps) == {"missing-video": 1}
    for one in read.cases:
        assert one.prompt == verdict_prompt().render()
        assert read.videos[one.number].name == one.sample_id


def test_questions_show_options_in_an_order_of_their_own(
    clip_list: Path, clip_folder: Path
) -> None:
    read = read_cases("manifest", clip_list, clip_folder, subject="qa")

    for one in read.cases:
        assert one.question is not None
        shown = one.prompt.splitlines()[1:4]
        assert shown["ABC".index(one.target)] == (
            f"{one.target}) {one.question.options[one.question.answer]}"
        )
    assert ("lost.mp4", "missing-field") in {(gap.id, gap.kind) for gap in read.dataset.gaps}


def numbers(read: Cases) -> dict[str, int]:
    return {one.sample_id: one.number for one in read.cases}


def test_numbers_are_dealt_out_by_the_seed(clip_list: Path, clip_folder: Path) -> None:
    dealt = [
        numbers(read_cases("manifest", clip_list, clip_folder, seed=seed)) for seed in range(8)
    ]

    assert dealt[0] == numbers(read_cases("manifest", clip_list, clip_folder))
    assert len({tuple(sorted(one.items())) for one in dealt}) == 2
    assert len(read_cases("manifest", clip_list, clip_folder, limit=1).cases) == 1


def test_no_video_and_no_such_subject_are_errors(
    clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(BenchmarkError, match="0 of 3 videos"):
        read_cases("manifest", clip_list, tmp_path)
    with pytest.raises(SettingsError, match="verdict, qa"):
        read_cases("manifest", clip_list, clip_folder, subject="poem")
    with pytest.raises(BenchmarkError, match="no benchmark"):
        read_cases("nothing", clip_list, clip_folder)
