"""What can be drawn, as values: the numbers of each plot and the words they need."""

from typing import Annotated, Literal

from pydantic import Field

from vau_agent.evals.records import CurveSample
from vau_agent.evals.tables import Estimate, RowKind
from vau_agent.schemas import Score, Segment, Value


class Point(Value):
    """A place on a plane, in the units of the axes."""

    x: float
    y: float


class Line(Value):
    """One method on a curve."""

    name: str
    kind: RowKind = "measured"
    points: tuple[Point, ...]
    note: str = ""
    """Such as the area under it."""


class Curve(Value):
    """Rates against rates, both 0..1: ROC, or precision against recall."""

    plot: Literal["curve"] = "curve"
    title: str
    about: str = ""
    """One sentence: what it is drawn from."""
    x: str
    """What the horizontal axis shows."""
    y: str
    lines: tuple[Line, ...]
    chance: Line | None = None
    """What guessing gives."""


class ReliabilityBin(Value):
    """Answers of about one confidence."""

    confidence: Score
    """Mean of the bin."""
    accuracy: Estimate
    """Share that was right; `n` is the number of answers."""


class Reliability(Value):
    """Stated confidence against the share that was right."""

    plot: Literal["reliability"] = "reliability"
    title: str
    about: str = ""
    x: str = "stated confidence"
    y: str = "share that was right"
    bins: tuple[ReliabilityBin, ...]


class Effect(Value):
    """A paired difference: with a step, less without it."""

    name: str
    difference: Estimate


class Forest(Value):
    """Differences with their intervals, one under the other; the line is no difference."""

    plot: Literal["forest"] = "forest"
    title: str
    about: str = ""
    x: str
    """What differs, such as `frame AUC`."""
    effects: tuple[Effect, ...]


class CostPoint(Value):
    """What a method reaches at one cost."""

    cost: Annotated[float, Field(ge=0)]
    score: Estimate


class CostLine(Value):
    """One method at several costs, or at one."""

    name: str
    kind: RowKind = "measured"
    points: tuple[CostPoint, ...]


class CostCurve(Value):
    """What is reached against what it costs."""

    plot: Literal["cost"] = "cost"
    title: str
    about: str = ""
    x: str
    """Unit of the cost, such as `calls per video`."""
    y: str
    lines: tuple[CostLine, ...]


class Strip(Value):
    """One video over time: what is true, and what was said."""

    duration_s: Annotated[float, Field(gt=0)]
    truth: tuple[Segment, ...] | None = None
    """Empty for a normal video, `None` when nobody wrote times down."""
    said: tuple[Segment, ...] = ()
    curve: tuple[CurveSample, ...] = ()
    """In time order; a score holds until the next moment."""


class Timeline(Value):
    """Videos under opaque numbers: their names may tell the answer."""

    plot: Literal["timeline"] = "timeline"
    title: str
    about: str = ""
    strips: tuple[Strip, ...]


Plot = Annotated[Curve | Reliability | Forest | CostCurve | Timeline, Field(discriminator="plot")]
