from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.calibration import reliability_bins
from vau_agent.evals.metrics.frames import ScoredVideo, frame_ap, frame_auc
from vau_agent.evals.records import CurveSample, Opinion, Record
from vau_agent.evals.report.plots import Curve
from vau_agent.evals.report.plotting import (
    CALLS,
    MAX_POINTS,
    ScoredMethod,
    cost_plot,
    forest_plot,
    precision_recall_plot,
    reliability_plot,
    roc_plot,
    timeline_plot,
)
from vau_agent.evals.samples import Dataset, FrameSpan, Sample, Truth
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

SCORES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9])), min_size=2, max_size=30
).filter(lambda frames: 0 < sum(label for label, _ in frames) < len(frames))


def video(name: str, frames: Sequence[tuple[bool, float]], repeat: int = 1) -> ScoredVideo:
    labels, scores = zip(*frames, strict=True)
    return ScoredVideo(
        id=name, labels=np.array(labels), scores=np.array(scores, float), repeat=repeat
    )


def area(curve: Curve) -> float:
    (line,) = curve.lines
    return float(auc([point.x for point in line.points], [point.y for point in line.points]))


@pytest.mark.slow
@given(SCORES, SCORES, st.integers(1, 3))
def test_the_drawn_lines_enclose_the_printed_areas(
    one: list[tuple[bool, float]], two: list[tuple[bool, float]], repeat: int
) -> None:
    videos = [video("a", one, repeat), video("b", two)]
    method = ScoredMethod(name="agent", videos=videos)

    assert area(roc_plot([method])) == pytest.approx(frame_auc(videos))
    assert area(precision_recall_plot([method])) == pytest.approx(frame_ap(videos))


def test_long_lines_are_thinned_without_changing_their_area() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(20_000) < 0.2
    scores = rng.normal(size=20_000) + labels
    videos = [ScoredVideo(id="a", labels=labels, scores=scores)]
    method = ScoredMethod(name="agent", kind="floor", videos=videos)

    for curve, exact in (
        (roc_plot([method]), frame_auc(videos)),
        (precision_recall_plot([method]), frame_ap(videos)),
    ):
        (line,) = curve.lines
        assert len(line.points) <= MAX_POINTS + 2
        assert area(curve) == pytest.approx(exact, abs=5e-3)
        assert line.kind == "floor"
        assert line.note.endswith(f"{exact:.3f}")
        assert curve.about == "Pooled over 20,000 frames of 1 video."


def test_guessing_has_the_precision_of_the_share_of_anomalous_frames() -> None:
    videos = [video("a", [(True, 0.5), (False, 0.1)], repeat=3), video("b", [(False, 0.2)] * 4)]
    chance = precision_recall_plot([ScoredMethod(name="m", videos=videos)]).chance

    assert chance is not None
    assert [point.y for point in chance.points] == pytest.approx([0.3, 0.3])


def test_one_class_cannot_be_drawn() -> None:
    method = ScoredMethod(name="m", videos=[video("a", [(False, 0.5)])])

    with pytest.raises(MetricError, match="normal"):
        roc_plot([method])


def test_bins_without_answers_are_not_drawn() -> None:
    bins = reliability_bins([0.05, 0.95, 0.95, 0.95], [False, True, True, False])
    plot = reliability_plot(bins, title="Reliability")

    assert [one.accuracy.n for one in plot.bins] == [1, 3]
    assert plot.bins[1].accuracy.value == pytest.approx(2 / 3)
    low, high = plot.bins[1].accuracy.low, plot.bins[1].accuracy.high
    assert low is not None
    assert high is not None
    assert low < 2 / 3 < high


def test_a_forest_holds_the_differences_of_a_table_in_their_order() -> None:
    gain = Estimate(value=0.1, low=0.0, high=0.2, n=9, note="3 draws undefined")
    loss = Estimate(value=-0.1, low=-0.2, high=0.0, n=9)
    table = Table(
        title="Steps",
        rows=(
            Row(name="agent", metrics={"frame_auc": Estimate(value=0.9, n=9)}),
            Row(name="b", kind="difference", metrics={"frame_auc": gain}),
            Row(name="a", kind="difference", metrics={"frame_auc": loss, "other": gain}),
        ),
    )
    plot = forest_plot(table, "frame_auc")

    assert [(one.name, one.difference) for one in plot.effects] == [("b", gain), ("a", loss)]
    assert (plot.title, plot.x, plot.about) == ("Difference in frame AUC", "frame AUC", "Steps.")
    assert [one.name for one in forest_plot(table, "other").effects] == ["a"]
    assert forest_plot(table, "miou").effects == ()


def test_costs_are_one_line_of_the_agent_and_one_of_each_other_row() -> None:
    def at(calls: float | None, auc: float) -> dict[str, Estimate]:
        return {CALLS: Estimate(value=calls, n=9), "frame_auc": Estimate(value=auc, n=9)}

    table = Table(
        title="Calls",
        rows=(
            Row(name="3600 calls", metrics=at(3600, 0.9)),
            Row(name="40 calls", metrics=at(40, 0.7)),
            Row(name="unknown", metrics=at(None, 0.8)),
            Row(name="free", metrics={"frame_auc": Estimate(value=0.8, n=9)}),
            Row(name="gain", kind="difference", metrics=at(40, 0.2)),
            Row(name="prior", kind="blind", metrics=at(0, 0.6)),
        ),
    )
    plot = cost_plot(table, "frame_auc")

    assert [
        (line.name, line.kind, [(one.cost, one.score.value) for one in line.points])
        for line in plot.lines
    ] == [("agent", "measured", [(3600, 0.9), (40, 0.7)]), ("prior", "blind", [(0, 0.6)])]
    assert (plot.title, plot.y) == ("Calls against frame AUC", "frame AUC")
    assert cost_plot(table, "miou").lines == ()


ANOMALOUS = Truth(anomalous=True, events=(Segment(start=1, end=2),))
DATASET = Dataset(
    benchmark="b",
    annotation="a",
    samples=(
        Sample(id="Robbery_1", source="s", video="1.mp4", truth=ANOMALOUS, duration_s=9),
        Sample(
            id="Normal_2",
            source="s",
            video="2.mp4",
            truth=Truth(anomalous=False),
            frames=60,
            fps=30,
        ),
        Sample(
            id="Arson_3",
            source="s",
            video="3.mp4",
            truth=Truth(anomalous=True, spans=(FrameSpan(start=30, end=90),)),
            fps=30,
        ),
        Sample(
            id="Untimed_4", source="s", video="4.mp4", truth=Truth(anomalous=True), duration_s=9
        ),
        Sample(id="Failed_5", source="s", video="5.mp4", truth=ANOMALOUS, duration_s=9),
        Sample(id="Unknown_length_6", source="s", video="6.mp4", truth=ANOMALOUS),
    ),
)


def records() -> tuple[Record, ...]:
    said = Opinion(label="anomalous", events=(Segment(start=1.5, end=3),))
    curve = (CurveSample(t_s=0, score=0.5),)
    done = ("Robbery_1", "Normal_2", "Untimed_4", "Unknown_length_6")
    return (
        *(Record(sample_id=name, final=said, curve=curve) for name in done),
        Record(sample_id="Arson_3", final=said, duration_s=5),
        Record(sample_id="Failed_5", error="unreadable", duration_s=9),
        Record(sample_id="not in the dataset", final=said, duration_s=9),
    )


def test_videos_whose_times_and_length_are_known_are_drawn() -> None:
    plot = timeline_plot(DATASET, records())

    by_length = {strip.duration_s: strip for strip in plot.strips}
    assert set(by_length) == {9, 2, 5}
    assert by_length[9].truth == (Segment(start=1, end=2),)
    assert by_length[9].curve == (CurveSample(t_s=0, score=0.5),)
    assert by_length[2].truth == ()
    assert by_length[5].truth == (Segment(start=1, end=3),)
    assert by_length[5].said == (Segment(start=1.5, end=3),)
    assert plot.about == "3 of 3 videos, chosen by the hash of their ids."


def test_the_choice_of_videos_does_not_hang_on_their_order() -> None:
    forward = timeline_plot(DATASET, records(), most=2)
    backward = timeline_plot(DATASET, records()[::-1], most=2)

    assert len(forward.strips) == 2
    assert forward == backward


def test_no_name_of_a_video_is_in_the_plot() -> None:
    text = timeline_plot(DATASET, records()).model_dump_json()

    assert not any(sample.id in text or sample.video in text for sample in DATASET.samples)
