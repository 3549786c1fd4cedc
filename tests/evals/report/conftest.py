"""Tables as an evaluation gives them, and plots of every kind; hostile names among them."""

import pytest

from vau_agent.evals.records import CurveSample
from vau_agent.evals.report.plots import (
    CostCurve,
    CostLine,
    CostPoint,
    Curve,
    Effect,
    Forest,
    Line,
    Plot,
    Point,
    Reliability,
    ReliabilityBin,
    Strip,
    Timeline,
)
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}</style>\u202e|`*"


def estimate(value: float | None, low: float, high: float, *, n: int = 40) -> Estimate:
    """Give a figure with its interval."""
    return Estimate(value=value, low=low, high=high, n=n)


@pytest.fixture
def detection() -> Table:
    """A measured row, two blind ones, one told the truth, one quoted; one figure undefined."""
    undefined = Estimate(value=None, n=0, note="no video holds both classes")
    return Table(
        title="Detection",
        rows=(
            Row(
                name="agent",
                metrics={
                    "frame_auc": estimate(0.8714, 0.8352, 0.9011),
                    "within_auc_macro": estimate(0.6131, 0.5512, 0.6752, n=17),
                    "ece": estimate(0.1213, 0.0914, 0.1425),
                    "frames": Estimate(value=537000, n=40),
                },
            ),
            Row(
                name="position prior",
                kind="blind",
                metrics={
                    "frame_auc": estimate(0.6234, 0.5867, 0.6588),
                    "within_auc_macro": estimate(0.5821, 0.5313, 0.6318, n=17),
                    "ece": estimate(0.1345, 0.1123, 0.1555),
                },
            ),
            Row(
                name="shorter is anomalous",
                kind="blind",
                metrics={
                    "frame_auc": estimate(0.7012, 0.6551, 0.7446),
                    "ece": Estimate(value=0.3, n=40),
                },
            ),
            Row(
                name="perfect video label",
                kind="oracle",
                metrics={
                    "frame_auc": estimate(0.8163, 0.7729, 0.8515),
                    "within_auc_macro": undefined,
                },
            ),
            Row(
                name="somebody",
                kind="published",
                metrics={"frame_auc": Estimate(value=0.8549, n=40)},
            ),
        ),
        conventions={"annotation": "times of 2018", "AP": "step-wise"},
        gaps=(
            Gap(id="v7", kind="missing-video", detail="'v7.mp4' is not in the folder"),
            Gap(
                id="row 12", kind="reversed-times", detail="ends at 3.0 s before it starts at 9.0 s"
            ),
            Gap(id="v9", kind="missing-video", detail="'v9.mp4' is not in the folder"),
        ),
        notes=("Half of the videos.",),
    )


@pytest.fixture
def steps() -> Table:
    """Two methods on the same frames, their difference and a loss, and a blind row."""
    frames = Estimate(value=1200, n=40)
    return Table(
        title="Steps",
        rows=(
            Row(name="agent", metrics={"auc": estimate(0.875, 0.85, 0.9), "frames": frames}),
            Row(name="without", metrics={"auc": estimate(0.845, 0.81, 0.88), "frames": frames}),
            Row(
                name="gain",
                kind="difference",
                metrics={
                    "auc": estimate(0.03, 0.01, 0.05),
                    "ece": estimate(-0.02, -0.03, -0.01),
                    "auc_mcnemar_p": Estimate(value=0.039, n=40),
                },
            ),
            Row(
                name="gain over shuffled",
                kind="difference",
                metrics={"auc": estimate(-0.004, -0.02, 0.01), "ece": estimate(0.02, 0.01, 0.03)},
            ),
            Row(name="prior", kind="blind", metrics={"auc": estimate(0.6, 0.5, 0.7)}),
        ),
    )


@pytest.fixture
def hostile() -> Table:
    """A table whose every text tries to act."""
    return Table(
        title=HOSTILE,
        rows=(Row(name=HOSTILE, metrics={HOSTILE: Estimate(value=None, n=1, note=HOSTILE)}),),
        conventions={HOSTILE: HOSTILE},
        gaps=(Gap(id=HOSTILE, kind="failed", detail=HOSTILE),),
        notes=(HOSTILE,),
    )


@pytest.fixture
def roc() -> Curve:
    """Two lines of an ROC, and guessing."""
    return Curve(
        title="ROC, frames",
        about="Pooled over 90 frames.",
        x="false-alarm rate",
        y="recall",
        lines=(
            Line(name="agent", points=_points((0, 0), (0.25, 0.75), (1, 1)), note="area 0.750"),
            Line(name="prior", kind="blind", points=_points((0, 0), (0.5, 0.625), (1, 1))),
        ),
        chance=Line(name="guessing", points=_points((0, 0), (1, 1))),
    )


@pytest.fixture
def reliability() -> Reliability:
    """Two bins."""
    return Reliability(
        title="Reliability",
        bins=(
            ReliabilityBin(confidence=0.25, accuracy=estimate(0.375, 0.25, 0.5, n=8)),
            ReliabilityBin(confidence=0.75, accuracy=estimate(0.625, 0.5, 0.75, n=16)),
        ),
    )


@pytest.fixture
def forest() -> Forest:
    """A gain, a loss, a step that may do nothing, and one that is not defined."""
    return Forest(
        title="What each step adds",
        x="frame AUC",
        effects=(
            Effect(name="smoothing", difference=estimate(0.05, 0.03, 0.07)),
            Effect(name="prior", difference=estimate(-0.03, -0.04, -0.02)),
            Effect(name="reflection", difference=estimate(0.004, -0.004, 0.01)),
            Effect(name="decision", difference=Estimate(value=None, n=0)),
        ),
    )


@pytest.fixture
def cost() -> CostCurve:
    """A method at three costs, and a blind one that costs nothing."""
    return CostCurve(
        title="AUC against calls",
        x="calls per video",
        y="frame AUC",
        lines=(
            CostLine(
                name="agent",
                points=tuple(
                    CostPoint(cost=calls, score=estimate(auc, auc - 0.02, auc + 0.02))
                    for calls, auc in ((100, 0.87), (1, 0.75), (10, 0.82))
                ),
            ),
            CostLine(
                name="prior",
                kind="blind",
                points=(CostPoint(cost=0, score=estimate(0.62, 0.58, 0.65)),),
            ),
        ),
    )


@pytest.fixture
def timeline() -> Timeline:
    """An anomalous video, a normal one, and one without times."""
    curve = tuple(
        CurveSample(t_s=float(t), score=0.875 if 20 <= t < 40 else 0.125) for t in range(0, 80, 10)
    )
    return Timeline(
        title="Truth and prediction over time",
        strips=(
            Strip(
                duration_s=80,
                truth=(Segment(start=20, end=40),),
                said=(Segment(start=10, end=50),),
                curve=curve,
            ),
            Strip(duration_s=33.5, truth=(), curve=curve[:3]),
            Strip(duration_s=7200, truth=None, said=(Segment(start=10, end=11),)),
        ),
    )


@pytest.fixture
def plots(
    roc: Curve, reliability: Reliability, forest: Forest, cost: CostCurve, timeline: Timeline
) -> tuple[Plot, ...]:
    """One of each kind."""
    return (roc, reliability, forest, cost, timeline)


def _points(*places: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(Point(x=x, y=y) for x, y in places)
