"""The page of a run draws what its tables and records hold."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from vau_agent.evals.records import CurveSample, Opinion, Record, RunHeader
from vau_agent.evals.report.of_run import render_run
from vau_agent.evals.report.plots import Curve
from vau_agent.evals.report.plotting import CALLS
from vau_agent.evals.samples import Dataset, Sample, Truth
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

HEADER = RunHeader(
    benchmark="made",
    annotation="a",
    annotation_sha256="ab" * 32,
    policy="rules",
    settings={},
    samples=2,
    tool="t",
)
EVENT = Segment(start=2, end=5)
DATASET = Dataset(
    benchmark="made",
    annotation="a",
    samples=(
        Sample(
            id="one",
            source="s",
            video="one.mp4",
            truth=Truth(anomalous=True, events=(EVENT,)),
            duration_s=9,
        ),
        Sample(id="two", source="s", video="two.mp4", truth=Truth(anomalous=False), duration_s=9),
    ),
)
RECORDS = tuple(
    Record(
        sample_id=name,
        final=Opinion(label=label, events=events, scores=(0.75,) * len(events), confidence=0.75),
        curve=tuple(CurveSample(t_s=float(t), score=t / 10) for t in range(9)),
        duration_s=9,
    )
    for name, label, events in (("one", "anomalous", (EVENT,)), ("two", "normal", ()))
)


def drawn(tables: Sequence[Table] = (), curves: Sequence[Curve] | None = None) -> list[str]:
    """Give the titles of the plots on a page."""
    made = datetime(2026, 1, 2, tzinfo=UTC)
    text = render_run(HEADER, DATASET, RECORDS, tables, made=made, curves=curves)
    return re.findall(r"<figcaption><h3>([^<]+)</h3>", text)


def test_records_give_curves_calibration_and_videos() -> None:
    assert drawn() == [
        "ROC, frames",
        "Precision against recall, frames",
        "Confidence that the video is anomalous",
        "Truth and prediction over time",
    ]


def test_curves_that_were_kept_stand_in_place_of_those_from_the_records(roc: Curve) -> None:
    kept = roc.model_copy(update={"title": "Kept"})

    assert [title for title in drawn(curves=[kept]) if "onfidence" not in title] == [
        "Kept",
        "Truth and prediction over time",
    ]


def test_tables_give_costs_and_differences() -> None:
    def row(name: str, calls: float) -> Row:
        auc, cost = Estimate(value=0.8, n=2), Estimate(value=calls, n=2)
        return Row(name=name, metrics={"frame_auc": auc, "miou": auc, CALLS: cost})

    gain = Estimate(value=0.1, low=0.05, high=0.15, n=2)
    metrics = {"frame_auc": gain, "within_auc_macro": gain, "unheard_of": gain}
    tables = (
        Table(title="Calls", rows=(row("many", 100), row("few", 10))),
        Table(title="One cost", rows=(row("many", 100),)),
        Table(title="Steps", rows=(Row(name="gain", kind="difference", metrics=metrics),)),
    )

    assert drawn(tables, curves=())[:4] == [
        "Calls against frame AUC",
        "Calls against mIoU",
        "Difference in frame AUC",
        "Difference in within-video AUC, macro",
    ]
