"""ROC curves in MATLAB files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.io import savemat
from sklearn.metrics import auc

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.sultani_roc import SULTANI_ROC, read_curve


def write_curve(path: Path, rates: ArrayLike, recalls: ArrayLike) -> Path:
    savemat(path, {"X": rates, "Y": recalls, "AUC": 0.75})
    return path


def test_the_area_is_that_of_scikit_learn(tmp_path: Path) -> None:
    rates, recalls = [0.0, 0.25, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0]
    path = write_curve(tmp_path / "a.mat", rates, recalls)
    table = SULTANI_ROC.score(path, None, draws=1, seed=0)
    metrics = table.rows[0].metrics
    assert metrics["auc_in_file"].value == pytest.approx(0.75)
    assert metrics["trapezoid_of_X_Y"].value == pytest.approx(auc(rates, recalls))
    assert metrics["points"].value == 4


def test_a_folder_is_a_row_a_file_and_a_broken_one_a_gap(tmp_path: Path) -> None:
    write_curve(tmp_path / "a.mat", [0, 1], [0, 1])
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0")
    table = SULTANI_ROC.score(tmp_path, None, draws=1, seed=0)
    assert [row.name for row in table.rows] == ["a.mat"]
    assert [(gap.id, gap.kind) for gap in table.gaps] == [("b.mat", "unreadable")]


@pytest.mark.parametrize(
    ("rates", "recalls", "said"),
    [
        ([0, 1], [0, 0.5, 1], "points"),
        ([0, 0.6, 0.4], [0, 0.5, 1], "X does not rise"),
        ([0, float("nan"), 1], [0, 0.5, 1], "X does not rise"),
        ([0, 0.5, 1], [0, 0.5, 2], "Y leaves"),
    ],
)
def test_what_is_no_curve_is_refused(
    rates: list[float], recalls: list[float], said: str, tmp_path: Path
) -> None:
    path = write_curve(tmp_path / "a.mat", rates, recalls)
    with pytest.raises(PredictionError, match=said):
        read_curve(path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"no \.mat file"):
        SULTANI_ROC.score(tmp_path, None, draws=1, seed=0)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 450))
def test_a_damaged_file_is_read_or_refused(
    place: int, value: int, cut: int, tmp_path: Path
) -> None:
    path = write_curve(tmp_path / "a.mat", [0.0, 0.5, 1.0], [0.0, 0.7, 1.0])
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(bytes(content[: cut or None]))
    try:
        rates, recalls, _ = read_curve(path)
    except PredictionError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(rates).all()
        assert len(rates) == len(recalls)
