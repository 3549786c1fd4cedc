"""What is observed of a video, and the numbers that its localisation goes by."""

import math
from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from vau_agent.schemas import Score, Value

Series = NDArray[np.float64]
"""One number a moment, shape (moments,)."""


class Observation(Value):
    """What was said of one moment of a video."""

    verdict: Score
    """How sure it was called anomalous; 0 or 1 where only a word was said."""
    sentence: str
    """What is seen, without the verdict."""


class Perception(Protocol):
    """A video as a model saw it, moment by moment. Each look at a moment costs one call."""

    @property
    def moments(self) -> int:
        """How many moments can be looked at; they follow one another and are equally long."""

    @property
    def moment_s(self) -> float:
        """Length of a moment in seconds."""

    def look(self, moments: Sequence[int]) -> tuple[Observation, ...]:
        """Say what is seen at each of the moments (from 0), in order."""


class LocalisationSettings(Value):
    """Numbers of the localisation. They are stated, not fitted; lengths are in moments."""

    similar: int = Field(default=10, ge=1)
    """Texts and moments a mean is taken over, as LAVAD takes its ten most similar summaries."""
    sharpness: float = Field(default=20.0, gt=0)
    """Turns a difference of similarities into log-odds: the scale MiniLM was trained with."""
    neighbours: int = Field(default=2, ge=1)
    """Moments on either side that a verdict is compared with."""
    scales: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    """Standard deviations of the Gaussians whose mean smooths a series."""
    least_peak: float = Field(default=0.1, gt=0)
    """A video whose highest evidence stays below this is not scaled up to a full event."""
    alarm: float = Field(default=0.5, gt=0, le=1)
    """A segment reaches at least this score."""
    hold: float = Field(default=0.35, gt=0, le=1)
    """It lasts as long as the score stays above this: about the alarm over the root of two."""

    @model_validator(mode="after")
    def _holds_below_the_alarm(self) -> Self:
        if self.hold > self.alarm:
            raise ValueError(f"hold is at most alarm, got {self.hold} over {self.alarm}")
        if not self.scales or not all(0 < scale < math.inf for scale in self.scales):
            raise ValueError(f"scales are positive and at least one, got {self.scales}")
        return self
