import numpy as np
import pytest

from vau_agent.schemas import Segment
from vau_agent.tools.detection import Detection, find_candidates
from vau_agent.training.clips import ClipRecord
from vau_agent.training.detector.scoring import (
    Answer,
    answer_of,
    categories_right,
    constant_answers,
    fit_baseline,
    fit_rule,
    majority_answers,
    measure_figures,
)
from vau_agent.training.scenes.truth import SceneTruth

SECONDS = 8.0


def clip(category: str | None = None, start: float = 2, end: float = 6) -> ClipRecord:
    segment = None if category is None else Segment(start=start, end=end)
    truth = SceneTruth(
        kind=category or "walk",
        category=category,
        segment=segment,
        risk=0 if category is None else 1,
        caption="Something.",
        place="a wall",
    )
    return ClipRecord(split="train", seed=0, duration_s=SECONDS, truth=truth)


def says(category: str, start: float, end: float) -> Answer:
    return Answer(category=category, segment=Segment(start=start, end=end))


def seen(heights: list[float]) -> Detection:
    fall = np.array(heights, dtype=np.float32)
    return Detection(
        edges=np.linspace(0, SECONDS, len(heights) + 1),
        probabilities=np.stack((1 - fall, fall), axis=1),
        classes=("normal", "fall"),
    )


def test_figures_count_what_they_say() -> None:
    records = [clip(), clip(), clip("fall"), clip("fall"), clip("fire")]
    answers = [
        Answer(),
        says("fall", 0, 1),
        says("fall", 2, 6),
        says("fire", 4, 8),
        Answer(),
    ]

    figures = measure_figures(answers, records)

    assert figures.binary.value == pytest.approx(3 / 5)
    assert figures.category.value == pytest.approx(2 / 5)
    assert figures.miou is not None and figures.found is not None
    assert figures.miou.value == pytest.approx((1 + 2 / 6 + 0) / 3)
    assert (figures.miou.n, figures.binary.n) == (3, 5)
    assert figures.found.value == pytest.approx(1 / 3)
    assert figures.binary.low < figures.binary.value < figures.binary.high
    assert categories_right(answers, records) == {"fall": (1, 2), "fire": (0, 1), "walk": (1, 2)}


def test_without_anomalies_there_is_no_overlap() -> None:
    figures = measure_figures([Answer()], [clip()])

    assert figures.miou is None
    assert figures.found is None


def test_the_strongest_candidate_is_the_answer() -> None:
    rule = fit_rule([seen([0, 1, 1, 0])], [clip("fall")])

    assert answer_of(find_candidates(seen([0, 0, 0, 0]), rule)) == Answer()
    assert answer_of(find_candidates(seen([0, 1, 1, 0]), rule)).category == "fall"


def test_the_rule_parts_false_alarms_from_events_and_finds_their_ends() -> None:
    events = [seen([0.1, 0.2, 0.8, 0.8, 0.8, 0.8, 0.2, 0.1]) for _ in range(3)]
    alarms = [seen([0.1, 0.1, 0.55, 0.6, 0.6, 0.1, 0.1, 0.1]) for _ in range(3)]

    rule = fit_rule(events + alarms, [clip("fall")] * 3 + [clip()] * 3)

    assert 0.6 < rule.alarm <= 0.8
    answers = [answer_of(find_candidates(one, rule)) for one in events + alarms]
    assert [one.category for one in answers] == ["fall"] * 3 + [None] * 3
    assert answers[0].segment is not None
    assert answers[0].segment.iou(Segment(start=2, end=6)) > 0.95


def test_what_needs_no_looking_is_learned_from_the_clips_of_training() -> None:
    learned = [clip("fall", 2, 6), clip("fall", 2, 6), clip("fire", 1.6, 6), clip()]

    baseline = fit_baseline(learned)

    assert (baseline.category, baseline.anomalous) == ("fall", True)
    assert (baseline.first, baseline.last) == (0.25, 0.75)
    majority = measure_figures(majority_answers(baseline, learned), learned)
    constant = measure_figures(constant_answers(baseline, learned), learned)
    assert majority.category.value == 0.5
    assert majority.miou is not None and constant.miou is not None
    assert constant.miou.value > 0.9 > majority.miou.value


def test_where_most_clips_are_normal_the_majority_answers_that() -> None:
    learned = [clip(), clip(), clip("fall")]

    assert majority_answers(fit_baseline(learned), learned) == [Answer()] * 3
