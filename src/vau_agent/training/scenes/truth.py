"""What is true of a rendered scene, as an investigator would write it down."""

from typing import Literal, Self

from pydantic import Field, model_validator

from vau_agent.schemas import CATEGORIES, Segment, Severity, Value


class SceneTruth(Value):
    """What happens in a scene, where and when; `category` is `None` for a normal scene."""

    kind: str
    """The story that was told: "fall", "hug", ..."""
    category: str | None = None
    segment: Segment | None = None
    """From the first visible sign to the end of the abnormal state, within the scene."""
    risk: Severity = 0
    caption: str
    """One short sentence in the present tense."""
    cause: str | None = None
    """What led to it, where that is visible."""
    actors: tuple[str, ...] = ()
    """Owners of shapes (`shapes.py`) that take part in what the caption says."""
    place: str

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.category is not None and self.category not in CATEGORIES:
            raise ValueError(f"{self.category!r} is not one of the categories")
        if (self.category is None) != (self.segment is None):
            raise ValueError("a category and a segment come together")
        if (self.category is None) != (self.risk == 0):
            raise ValueError(f"risk {self.risk} does not fit category {self.category!r}")
        return self


class Question(Value):
    """A question about a scene with four options, one of which is right."""

    asks: Literal["what", "who", "when", "where", "how many"]
    text: str
    options: tuple[str, str, str, str]
    answer: int = Field(ge=0, le=3)
    """Place of the right option."""

    @model_validator(mode="after")
    def _options_differ(self) -> Self:
        if len(set(self.options)) != len(self.options):
            raise ValueError(f"two options are the same: {self.options}")
        return self
