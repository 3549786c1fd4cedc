"""Numbers from MATLAB files, beside scipy's reader."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.matlab import read_arrays


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.sampled_from(["u1", "i2", "i4", "f4", "f8"]).flatmap(
        lambda kind: arrays(np.dtype(kind), st.tuples(st.integers(1, 6), st.integers(1, 3)))
    ),
    packed=st.booleans(),
    name=st.sampled_from(["X", "a_longer_name"]),
)
def test_numbers_are_those_that_scipy_reads(
    values: NDArray[np.float64], packed: bool, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {name: values, "text": "words"}, do_compression=packed)
    expected = np.asarray(loadmat(path)[name], dtype=np.float64).ravel(order="F")
    np.testing.assert_array_equal(read_arrays(path)[name], expected)


def test_a_packed_array_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"X": np.arange(100.0)}, do_compression=True)
    content = path.read_bytes()
    size = int.from_bytes(content[132:136], "little") - 8
    cut = content[:132] + size.to_bytes(4, "little") + content[136 : 136 + size]
    path.write_bytes(cut)
    with pytest.raises(PredictionError, match="damaged"):
        read_arrays(path)


def test_an_older_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"X": np.arange(3.0)}, format="4")
    with pytest.raises(PredictionError, match="level 5"):
        read_arrays(path)
