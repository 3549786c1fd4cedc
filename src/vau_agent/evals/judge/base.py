"""What is judged, and what a judge says.

A case holds neither a sample's id nor the name of its file: both may tell the answer.
"""

from typing import Annotated, Final, Literal, Protocol, Self

from pydantic import Field, model_validator

from vau_agent.schemas import Value

Points = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
ScoreName = Literal[
    "classification", "key_matching", "fluency", "informativeness", "factual_consistency"
]
Vote = Literal["first", "second", "tie"]

SCORE_NAMES: Final[tuple[ScoreName, ...]] = (
    "classification",
    "key_matching",
    "fluency",
    "informativeness",
    "factual_consistency",
)
"""VAU-Eval's five, in its order (VAU-R1, arXiv 2505.23504)."""


class Reference(Value):
    """What people wrote about a video."""

    category: str | None
    """In the benchmark's words; `None` when nothing anomalous happens."""
    key_objects: tuple[str, ...] = ()
    description: str = ""
    reasoning: str = ""


class Candidate(Value):
    """What a system wrote about it. Nobody vouches for a word of it."""

    description: str = ""
    analysis: str = ""

    @property
    def text(self) -> str:
        """Both parts."""
        return "\n".join(part for part in (self.description, self.analysis) if part)


class JudgeCase(Value):
    """One answer, and what it is held against."""

    reference: Reference
    candidate: Candidate


class PairCase(Value):
    """Two answers in the order in which a judge is shown them."""

    reference: Reference
    first: Candidate
    second: Candidate

    @property
    def swapped(self) -> "PairCase":
        """The same two, the other way round."""
        return PairCase(reference=self.reference, first=self.second, second=self.first)


class JudgeScores(Value):
    """Five scores from 0 to 10."""

    classification: Points = 0.0
    key_matching: Points = 0.0
    fluency: Points = 0.0
    informativeness: Points = 0.0
    factual_consistency: Points = 0.0
    malformed: str | None = None
    """Why the judge's reply could not be read; all scores are then 0."""

    @model_validator(mode="after")
    def _malformed_counts_nothing(self) -> Self:
        if self.malformed is not None and self.total:
            raise ValueError("a reply that could not be read gives no points")
        return self

    @property
    def total(self) -> float:
        """Their sum, 0 to 50."""
        return (
            self.classification
            + self.key_matching
            + self.fluency
            + self.informativeness
            + self.factual_consistency
        )


class PairVote(Value):
    """Which place a judge prefers, in one order."""

    better: Vote
    malformed: str | None = None
    """Why the reply could not be read; it then counts as a tie."""


class Judge(Protocol):
    """Grades one answer at a time."""

    @property
    def name(self) -> str:
        """What it was opened with, e.g. `phrases` or a policy string."""

    @property
    def digest(self) -> str:
        """Of whatever else its judgement depends on: the wording of prompts, or its rules."""

    def judge(self, case: JudgeCase) -> JudgeScores:
        """Grade one answer; a reply that cannot be read counts 0 and says so.

        Raises:
            BackendError: The judge could not be asked.
        """


class PairJudge(Protocol):
    """Prefers one of two answers."""

    @property
    def name(self) -> str:
        """What it was opened with."""

    @property
    def digest(self) -> str:
        """Of whatever else its judgement depends on."""

    def vote(self, case: PairCase) -> PairVote:
        """Compare two answers in the order given; a reply that cannot be read is a tie.

        Raises:
            BackendError: The judge could not be asked.
        """
