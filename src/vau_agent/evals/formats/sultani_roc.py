"""ROC curves of UCF-Crime as Sultani et al. (CVPR 2018) published them: MATLAB files of X, Y, AUC.

X is the false-alarm rate, Y the recall, of all test frames together; AUC is the area that the
authors wrote beside them. The area is taken again by the trapezoid rule. A curve says nothing of
single videos, so there is no interval and nothing within videos. A file, or a folder of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.matlab import read_arrays
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, Table

NO_INTERVAL: Final = "a curve says nothing of single videos: no interval"


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Take the area under every curve; truth, draws and seed change nothing.

    Raises:
        PredictionError: No file holds a curve.
    """
    files = sorted(predictions.glob("*.mat")) if predictions.is_dir() else [predictions]
    rows: list[Row] = []
    gaps: list[Gap] = []
    for file in files:
        try:
            rows.append(Row(name=file.name, metrics=dict(_areas(file))))
        except PredictionError as error:
            gaps.append(Gap(id=file.name, kind="unreadable", detail=str(error)))
    if not rows:
        raise PredictionError(gaps[0].detail if gaps else f"{predictions} holds no .mat file")
    return Table(
        title="ROC curves of Sultani et al. on UCF-Crime",
        rows=tuple(rows),
        conventions={"area": "trapezoid rule over X (false-alarm rate) and Y (recall)"},
        gaps=tuple(gaps),
        notes=("a pooled frame AUC of perfect video labels is 0.816 on this set",),
    )


def read_curve(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Return false-alarm rates and recalls, each of shape (points,), and the area in the file.

    Raises:
        PredictionError: It is no MATLAB file with an ascending curve from 0 to 1.
    """
    arrays = read_arrays(path)
    curve = []
    for name in ("X", "Y"):
        if not len(arrays.get(name, ())):
            raise PredictionError(f"{path} holds no numbers named {name}; is it a ROC curve?")
        curve.append(arrays[name])
    rates, recalls = curve
    if len(rates) != len(recalls):
        raise PredictionError(f"{path}: X has {len(rates)} points, Y has {len(recalls)}")
    for name, values in (("X", rates), ("Y", recalls)):
        if not (np.isfinite(values).all() and (np.diff(values) >= 0).all()):
            raise PredictionError(f"{path}: {name} does not rise from point to point")
        if values[0] < 0 or values[-1] > 1:
            raise PredictionError(f"{path}: {name} leaves 0..1")
    area = arrays.get("AUC", np.empty(0))
    return rates, recalls, float(area[0]) if len(area) == 1 and np.isfinite(area[0]) else None


def _areas(path: Path) -> Iterator[tuple[str, Estimate]]:
    rates, recalls, written = read_curve(path)
    points = len(rates)
    area = float(np.trapezoid(recalls, rates))
    yield (
        "auc_in_file",
        Estimate(value=written, n=points, note="" if written is not None else "not in the file"),
    )
    yield "trapezoid_of_X_Y", Estimate(value=area, n=points, note=NO_INTERVAL)
    yield "points", Estimate(value=points, n=points)


SULTANI_ROC: Final = Format(
    name="sultani-roc",
    title="ROC curves of Sultani et al. (2018)",
    predictions="MATLAB .mat file with X, Y and AUC, or a folder of them",
    truth="",
    score=score,
)
