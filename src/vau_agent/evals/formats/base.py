"""What every published format of predictions is: how it is read, and what it is scored against."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vau_agent.errors import PredictionError
from vau_agent.evals.tables import Table


class Scorer(Protocol):
    """Scores one file of predictions."""

    def __call__(self, predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
        """Score `predictions` against `truth`; single bad items become gaps.

        Args:
            predictions: File as `Format.predictions` says.
            truth: File as `Format.truth` says; `None` only where it is not needed.
            draws: Bootstrap samples of every interval; 0 leaves out those that need any.
            seed: Equal seeds give equal intervals.

        Raises:
            PredictionError: The predictions as a whole cannot be used.
            BenchmarkError: The truth as a whole cannot be used.
        """


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of predictions."""

    name: str
    """As `--format` takes it."""
    title: str
    predictions: str
    """One line: which file is read."""
    truth: str
    """One line: which file it is scored against; empty where none is needed."""
    score: Scorer


def need_truth(truth: Path | None, what: str) -> Path:
    """Return the path of the truth.

    Args:
        truth: As it was given.
        what: The file that is wanted, for the error.

    Raises:
        PredictionError: It was not given.
    """
    if truth is None:
        raise PredictionError(f"these predictions say nothing alone; give --truth FILE: {what}")
    return truth
