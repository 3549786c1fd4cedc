"""Rows of numbers, each with its interval, the convention it follows, and blind rows beside it."""

from typing import Literal

from pydantic import Field

from vau_agent.evals.samples import Gap
from vau_agent.schemas import Value

RowKind = Literal["measured", "difference", "blind", "oracle", "floor", "published"]
"""`difference`: one method less another, on the same items. `blind`: never sees the video.
`oracle`: was told part of the truth. `floor`: a trivial method. `published`: somebody else's
figure, quoted."""


class Estimate(Value):
    """A figure, and how far it is to be trusted."""

    value: float | None
    """`None` when it is not defined on these samples; `note` then says why."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    n: int
    """Items it rests on: videos where videos are drawn, else rows."""
    note: str = ""


class Row(Value):
    """One method and its figures."""

    name: str
    kind: RowKind = "measured"
    metrics: dict[str, Estimate]


class Table(Value):
    """What an evaluation prints."""

    title: str
    rows: tuple[Row, ...]
    conventions: dict[str, str] = Field(default_factory=dict)
    """What was chosen where people choose differently, e.g. `annotation`, `normals`, `scorer`."""
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
