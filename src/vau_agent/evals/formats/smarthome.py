"""Answers of VILA-13b and others on SmartHome-Bench: 0 is normal, 1 is anomalous.

JSON lines, each with `id`, `truth` (0 or 1) and `pred`, the answer as text. Asked for JSON, models
leave commas out or write plain lines, so the value is looked for after `result` or `anomaly` and a
colon, quoted or not. An answer without one, or with both values, is unparsed and counted wrong.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.files import read_lines
from vau_agent.evals.metrics.labels import binary_scores
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Row, RowKind, Table

_VALUE: Final = re.compile(
    r"""\b(?:result|anomaly)\b["']?\s*:\s*["']?([01])(?![\w.])""", re.IGNORECASE
)


def parse_anomaly(text: str) -> bool | None:
    """Read 0 or 1 from an answer; `None` when it says neither or both."""
    values = set(_VALUE.findall(text))
    return values == {"1"} if len(values) == 1 else None


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score answers against the truth beside each of them; `truth` is not read.

    Raises:
        PredictionError: No line has a truth.
    """
    lines, gaps = read_lines(predictions)
    labels, said, unusable = _join(lines)
    if not labels:
        raise PredictionError(f"{predictions} holds no line with truth 0 or 1")
    answers: dict[str, tuple[RowKind, Sequence[bool | None]]] = {
        "predictions": ("measured", said),
        "always normal": ("blind", [False] * len(labels)),
        "always anomalous": ("blind", [True] * len(labels)),
    }
    return Table(
        title="Answers on SmartHome-Bench: anomalous or not",
        rows=tuple(
            _row(name, kind, labels, said, draws=draws, seed=seed)
            for name, (kind, said) in answers.items()
        ),
        conventions={
            "positive": "anomalous (1), vague abnormal included",
            "unparsed": "counted wrong",
            "missing": "counted wrong",
            "truth": "the field `truth` of each line",
            "intervals": "95 %: Wilson for shares, bootstrap over clips for f1 and balanced",
        },
        gaps=(*gaps, *unusable),
    )


def _join(
    lines: Sequence[tuple[str, Mapping[str, JsonValue]]],
) -> tuple[list[bool], list[bool | None], list[Gap]]:
    """Return truth and answer of each clip, and what was wrong with some."""
    answers: dict[str, tuple[bool, bool | None]] = {}
    gaps: list[Gap] = []
    for place, line in lines:
        name, label, text = line.get("id"), line.get("truth"), line.get("pred")
        if not isinstance(name, str) or not name:
            gaps.append(Gap(id=place, kind="missing-field", detail="no id"))
        elif name in answers:
            gaps.append(Gap(id=name, kind="duplicate-id", detail=f"again in {place}"))
        elif label not in (0, 1):
            gaps.append(Gap(id=name, kind="missing-truth", detail=f"truth is {label!r}"[:80]))
        elif not isinstance(text, str):
            gaps.append(Gap(id=name, kind="missing-prediction", detail="no answer; counted wrong"))
            answers[name] = bool(label), None
        else:
            answers[name] = bool(label), parse_anomaly(text)
    return [one for one, _ in answers.values()], [one for _, one in answers.values()], gaps


def _row(
    name: str,
    kind: RowKind,
    labels: Sequence[bool],
    said: Sequence[bool | None],
    *,
    draws: int,
    seed: int,
) -> Row:
    scores = binary_scores(labels, said, draws=draws, seed=seed)
    scores["unparsed_counted_wrong"] = scores.pop("unparsed")
    return Row(name=name, kind=kind, metrics=scores)


SMARTHOME_ANSWERS: Final = Format(
    name="smarthome",
    title="Answers on SmartHome-Bench, 0 or 1",
    predictions="JSON lines with id, truth (0 or 1) and pred (the answer), .gz allowed",
    truth="",
    score=score,
)
