"""Published answers to VAU-Eval: a CSV with one description and one analysis of each video."""

import csv
from pathlib import Path
from typing import Final

from vau_agent.errors import PredictionError
from vau_agent.evals.judge.base import Candidate
from vau_agent.evals.samples import Gap

_NAME: Final = "video name"
_COLUMNS: Final = (_NAME, "description", "analysis")


def read_answers(path: Path) -> tuple[dict[str, Candidate], tuple[Gap, ...]]:
    """Read answers by the file name of their video; the first of two for one video stays.

    Raises:
        PredictionError: The file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PredictionError(f"{str(path)!r} cannot be read as CSV: {error}") from error
    answers: dict[str, Candidate] = {}
    gaps: list[Gap] = []
    for number, row in enumerate(rows, start=2):
        fields = {(name or "").strip().casefold(): value for name, value in row.items()}
        missing = [name for name in _COLUMNS if name not in fields]
        if missing:
            raise PredictionError(
                f"{str(path)!r} has no column {missing[0]!r}; it needs {', '.join(_COLUMNS)}"
            )
        name = (fields[_NAME] or "").strip()
        if not name:
            gaps.append(
                Gap(id=f"row {number}", kind="missing-field", detail="the video has no name")
            )
        elif name in answers:
            gaps.append(Gap(id=name, kind="duplicate-id", detail=f"row {number} is left out"))
        else:
            answers[name] = Candidate(
                description=fields["description"] or "", analysis=fields["analysis"] or ""
            )
    if not answers:
        raise PredictionError(f"{str(path)!r} holds no answer")
    return answers, tuple(gaps)
