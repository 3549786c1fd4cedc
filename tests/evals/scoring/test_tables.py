import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

from tests.evals.made import OPEN, dataset, opinion, record, sample
from vau_agent.errors import MetricError
from vau_agent.evals.records import Choice, Opinion, Record
from vau_agent.evals.samples import Dataset, FrameSpan, Gap, Question, Sample, Truth
from vau_agent.evals.scoring.tables import score_records
from vau_agent.evals.tables import Row, Table

DRAWS = 20


def scored(samples: Dataset, *records: Record) -> dict[str, Table]:
    """Score, and give tables by the first word of their title."""
    return {table.title: table for table in score_records(samples, records, draws=DRAWS)}


def table(tables: dict[str, Table], start: str) -> Table:
    return next(one for title, one in tables.items() if title.startswith(start))


def row(of: Table, name: str) -> Row:
    return next(one for one in of.rows if one.name == name)


def value(of: Table, name: str, metric: str) -> float | None:
    return row(of, name).metrics[metric].value


FOUR = dataset(
    sample("hit", (2, 6)), sample("missed", (2, 6)), sample("quiet"), sample("open", (0, 5))
)
ANSWERS = (
    record("hit", opinion((2, 6)), opinion(), curve=((0, 0.1), (2, 0.9), (6, 0.1))),
    record("missed", opinion(), curve=((0, 0.2),)),
    record("quiet", opinion(), opinion((1, 2)), curve=((0, 0.1),)),
    record("open", OPEN, opinion((0, 5)), curve=((0, 0.3),)),
)


def test_inconclusive_is_wrong_and_counted_by_itself() -> None:
    detection = table(scored(FOUR, *ANSWERS), "Detection")

    assert value(detection, "agent", "accuracy") == pytest.approx(2 / 4)
    assert value(detection, "agent", "inconclusive") == 1
    assert value(detection, "agent", "unanswered") == 0
    assert row(detection, "agent").metrics["accuracy"].low is not None


def test_first_opinions_have_a_row_of_their_own() -> None:
    detection = table(scored(FOUR, *ANSWERS), "Detection")

    assert value(detection, "agent, never revising", "accuracy") == pytest.approx(1 / 4)


def test_blind_rows_stand_beside_and_are_marked() -> None:
    tables = scored(FOUR, *ANSWERS)

    assert value(table(tables, "Detection"), "always anomalous", "accuracy") == 0.75
    assert row(table(tables, "Detection"), "always anomalous").kind == "blind"
    assert row(table(tables, "Frames"), "position prior").kind == "blind"
    assert row(table(tables, "Frames"), "perfect video label").kind == "oracle"
    assert row(table(tables, "Localisation"), "whole video").kind == "blind"
    assert any(one.kind == "oracle" for one in table(tables, "Category").rows)


def test_failed_and_missing_answers_are_wrong_and_named() -> None:
    samples = dataset(sample("failed"), sample("forgotten"), sample("quiet"))

    tables = scored(samples, record("failed", None), record("quiet", opinion()))

    detection = table(tables, "Detection")
    assert value(detection, "agent", "accuracy") == pytest.approx(1 / 3)
    assert value(detection, "agent", "unanswered") == 2
    kinds = {gap.id: gap.kind for gap in detection.gaps}
    assert kinds == {"failed": "failed", "forgotten": "missing-prediction"}


def test_a_failed_answer_does_not_pass_for_a_normal_one_in_localisation() -> None:
    samples = dataset(sample("event", (2, 6)), sample("failed"))

    tables = scored(samples, record("event", opinion((2, 6))), record("failed", None))

    assert value(table(tables, "Localisation"), "agent", "miou_normals_counted") == 0.5


def test_missing_videos_are_left_out_and_stay_named() -> None:
    gap = Gap(id="absent", kind="missing-video", detail="no file")
    samples = dataset(sample("absent"), sample("quiet"), gaps=(gap,))

    detection = table(scored(samples, record("quiet", opinion())), "Detection")

    assert row(detection, "agent").metrics["accuracy"].n == 1
    assert detection.gaps == (gap,)


def test_a_record_of_no_sample_is_named_and_not_scored() -> None:
    detection = table(
        scored(dataset(sample("quiet")), record("quiet", opinion()), record("ghost", opinion())),
        "Detection",
    )

    assert row(detection, "agent").metrics["accuracy"].n == 1
    assert [(gap.id, gap.kind) for gap in detection.gaps] == [("ghost", "unknown-id")]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(10.5, None), (4.0, "annotated with 10.0 s, the video has 4.0 s")],
)
def test_a_video_that_cannot_be_the_annotated_one_is_named(
    seconds: float, told: str | None
) -> None:
    answer = record("a", opinion((2, 3)), seconds=seconds)

    detection = table(scored(dataset(sample("a", (2, 6))), answer), "Detection")

    gaps = [(gap.kind, gap.detail) for gap in detection.gaps]
    assert gaps == ([] if told is None else [("wrong-length", f"{told}; it is scored as is")])


def test_an_event_past_the_end_of_its_video_is_named() -> None:
    one = sample("a", (2, 6), fps=None).model_copy(update={"duration_s": None})

    detection = table(scored(dataset(one), record("a", opinion(), seconds=3.0)), "Detection")

    (gap,) = detection.gaps
    assert gap.detail.startswith("an event ends at 6.0 s, the video at 3.0 s")


def test_without_a_sample_there_is_nothing_to_score() -> None:
    gap = Gap(id="absent", kind="missing-video", detail="no file")
    with pytest.raises(MetricError, match="no sample of manifest is left"):
        score_records(dataset(sample("absent"), gaps=(gap,)), ())


def test_localisation_follows_a_hand_case() -> None:
    samples = dataset(sample("half", (2, 6)), sample("missed", (0, 5)), sample("quiet"))
    answers = (
        record("half", opinion((4, 6))),
        record("missed", opinion()),
        record("quiet", opinion()),
    )

    localisation = table(scored(samples, *answers), "Localisation")

    assert value(localisation, "agent", "miou") == pytest.approx((0.5 + 0) / 2)
    assert value(localisation, "agent", "miou_normals_counted") == pytest.approx(1.5 / 3)
    assert value(localisation, "agent", "r_at_0.5") == 0.5
    assert value(localisation, "agent", "r_at_0.7") == 0
    assert value(localisation, "agent", "event_precision") == 1
    assert value(localisation, "agent", "event_recall") == 0.5
    assert value(localisation, "whole video", "miou") == pytest.approx((0.4 + 0.5) / 2)


def test_of_several_events_the_surest_is_compared() -> None:
    both = opinion((0, 1), (2, 6)).model_copy(update={"scores": (0.3, 0.9)})

    localisation = table(
        scored(dataset(sample("event", (2, 6))), record("event", both)), "Localisation"
    )

    assert value(localisation, "agent", "miou") == 1
    assert value(localisation, "agent", "set_iou") == pytest.approx(4 / 5)
    assert value(localisation, "agent", "event_precision") == 0.5


def test_frames_follow_the_curve_held_until_its_next_moment() -> None:
    frames = table(scored(FOUR, *ANSWERS), "Frames")

    labels, scores = [], []
    for one, answer in zip(FOUR.samples, ANSWERS, strict=True):
        for frame in range(100):
            t_s = frame / 10
            labels.append(any(event.contains(t_s) for event in one.truth.events or ()))
            scores.append([point.score for point in answer.curve if point.t_s <= t_s][-1])
    expected = roc_auc_score(labels, scores)
    assert value(frames, "curve, before any policy call", "frame_auc") == pytest.approx(expected)
    assert value(frames, "curve, before any policy call", "frames") == 400


def test_frames_are_labelled_by_spans_where_there_are_some() -> None:
    spans = (FrameSpan(start=3, end=7),)
    one = Sample(
        id="s",
        source="made",
        video="s.mp4",
        truth=Truth(anomalous=True, spans=spans),
        frames=20,
        fps=10,
    )

    frames = table(
        scored(dataset(one), record("s", opinion((0.3, 0.7)), curve=((0, 0.5),), seconds=2.0)),
        "Frames",
    )

    assert value(frames, "events of the agent", "anomalous_frames") == 4
    assert value(frames, "events of the agent", "frame_auc") == 1


def test_where_frames_are_unknown_moments_take_their_place() -> None:
    samples = dataset(sample("event", (2, 6), fps=None), sample("quiet"))
    answers = (
        record("event", opinion((2, 6)), curve=((0, 0.5),)),
        record("quiet", opinion(), curve=((0, 0.5),)),
    )

    frames = table(scored(samples, *answers), "Frames")

    assert value(frames, "events of the agent", "frames") == 200
    assert value(frames, "events of the agent", "frame_auc") == 1


def test_anomalies_without_times_are_named_once_and_still_count_for_detection() -> None:
    samples = dataset(sample("event", (2, 6)), sample("fall", timed=False))
    answers = (
        record("event", opinion((2, 6)), curve=((0, 0.5),)),
        record("fall", opinion((0, 1)), curve=((0, 0.5),)),
    )

    tables = scored(samples, *answers)

    assert row(table(tables, "Detection"), "agent").metrics["accuracy"].n == 2
    assert row(table(tables, "Localisation"), "agent").metrics["miou"].n == 1
    named = [gap for one in tables.values() for gap in one.gaps]
    assert [(gap.id, gap.kind) for gap in named] == [("fall", "no-times")]


def test_categories_are_compared_in_one_spelling() -> None:
    samples = dataset(
        sample("a", (1, 2), category="RoadAccidents"),
        sample("b", (1, 2), category="car_accident"),
        sample("c", (1, 2), category="Earthquake"),
        sample("d"),
    )
    accident = opinion((1, 2), category="road accident")

    category = table(
        scored(samples, *(record(name, accident) for name in "abc"), record("d", opinion())),
        "Category",
    )

    assert row(category, "agent").metrics["category_accuracy"].n == 3
    assert value(category, "agent", "category_accuracy") == pytest.approx(2 / 3)


def test_questions_are_scored_beside_letters_and_lengths() -> None:
    question = Question(text="?", options=("no", "a longer one", "yes"), answer=1)
    samples = dataset(*(sample(name, question=question) for name in "abc"))
    checked = Choice(order=(1, 0, 2), initial=1, final=1)
    struck = Choice(order=(2, 0, 1), initial=1, final=None)
    answers = (
        record("a", opinion()).model_copy(update={"choice": checked}),
        record("b", opinion()).model_copy(update={"choice": struck}),
        record("c", None),
    )

    questions = table(scored(samples, *answers), "Questions")

    assert value(questions, "agent", "choice_accuracy") == pytest.approx(1 / 3)
    assert value(questions, "agent", "unreadable") == 1
    assert value(questions, "agent", "unanswered") == 1
    before = "agent, before claims are checked"
    assert value(questions, before, "choice_accuracy") == pytest.approx(2 / 3)
    assert value(questions, "always A, as shown", "choice_accuracy") == 0.5
    assert value(questions, "longest option", "choice_accuracy") == 1


def test_questions_without_a_record_are_wrong_and_counted_by_themselves() -> None:
    question = Question(text="?", options=("no", "yes"), answer=1)
    samples = dataset(*(sample(name, question=question) for name in "abcd"))
    chosen = Choice(order=(0, 1), initial=1, final=1)

    questions = table(
        scored(samples, record("a", opinion()).model_copy(update={"choice": chosen})), "Questions"
    )

    for name in ("agent", "agent, before claims are checked"):
        assert value(questions, name, "choice_accuracy") == 1 / 4
        assert value(questions, name, "unanswered") == 3
        assert value(questions, name, "unreadable") == 0


def test_questions_that_a_run_never_asked_are_not_scored() -> None:
    question = Question(text="?", options=("no", "yes"), answer=1)

    tables = scored(dataset(sample("a", question=question)), record("a", opinion()))

    assert not any(title.startswith("Questions") for title in tables)


def test_reflection_counts_what_was_fixed_and_what_was_broken() -> None:
    reflection = table(scored(FOUR, *ANSWERS), "Reflection: is the label")

    assert value(reflection, "agent", "right") == 0.5
    assert value(reflection, "agent", "fixed") == pytest.approx(2 / 3)
    assert value(reflection, "agent", "broken") == 1
    assert value(reflection, "agent", "net_points") == pytest.approx(25)
    assert value(reflection, "never revise", "net_points") == 0


def test_confidence_takes_only_answers_that_state_one() -> None:
    samples = dataset(sample("a", (1, 2)), sample("b"), sample("c"))
    answers = (
        record("a", opinion((1, 2), confidence=0.8)),
        record("b", opinion(confidence=None)),
        record("c", OPEN),
    )

    calibration = table(scored(samples, *answers), "Confidence")

    assert row(calibration, "agent").metrics["brier"].n == 1
    assert value(calibration, "agent", "brier") == pytest.approx(0.04)


def test_samples_of_one_run_cost_once() -> None:
    first, second = record("a", opinion()), record("b", opinion())
    second = second.model_copy(update={"run_id": first.run_id})

    cost = table(scored(dataset(sample("a"), sample("b")), first, second), "Cost")

    assert value(cost, "agent", "calls") == 3


LABELS = st.sampled_from([opinion((1, 2)), opinion(), OPEN])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), LABELS), min_size=1, max_size=12))
def test_detection_agrees_with_scikit_learn(pairs: list[tuple[bool, Opinion]]) -> None:
    samples = dataset(
        *(sample(str(n), *([(1, 2)] if is_so else [])) for n, (is_so, _) in enumerate(pairs))
    )
    answers = [record(str(n), said) for n, (_, said) in enumerate(pairs)]
    truth = [is_so for is_so, _ in pairs]
    said = [
        (not is_so) if one.label == "inconclusive" else one.label == "anomalous"
        for is_so, one in pairs
    ]

    detection = table(scored(samples, *answers), "Detection")

    assert value(detection, "agent", "accuracy") == pytest.approx(accuracy_score(truth, said))
    if any(truth):
        assert value(detection, "agent", "f1") == pytest.approx(f1_score(truth, said))
    if len(set(truth)) == 2:
        expected = balanced_accuracy_score(truth, said)
        assert value(detection, "agent", "balanced_accuracy") == pytest.approx(expected)
