import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.calibration import (
    Binning,
    calibration_scores,
    reliability_bins,
)
from vau_agent.torchvision_shim import install_shim

Items = list[tuple[float, bool]]
ITEMS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)
BINNINGS: list[Binning] = ["equal-width", "equal-mass"]


KEYS = {"equal-width": "ece", "equal-mass": "ece_equal_mass"}


def score(said: list[float], so: list[bool], key: str, *, bins: int = 10) -> float:
    value = calibration_scores(said, so, bins=bins, draws=1)[key].value
    assert value is not None
    return value


def parted(items: Items) -> tuple[list[float], list[bool]]:
    return [said for said, _ in items], [so for _, so in items]


def test_a_hand_case() -> None:
    said, so = [0.05, 0.15, 0.15, 0.95], [False, False, True, True]
    first, second, last = reliability_bins(said, so)
    assert (first.count, second.count, last.count) == (1, 2, 1)
    assert (second.low, second.high, second.frequency) == (0.1, 0.2, 0.5)
    # 1/4 of 0.05, 2/4 of 0.35, 1/4 of 0.05
    assert score(said, so, "ece") == pytest.approx(0.2)
    assert score(said, so, "brier") == pytest.approx((0.0025 + 0.0225 + 0.7225 + 0.0025) / 4)


def test_what_is_always_as_often_so_as_it_was_said_has_no_error() -> None:
    said = [0.25] * 4 + [0.75] * 4
    so = [True, False, False, False, True, True, True, False]
    assert score(said, so, "ece") == 0
    assert score(said, so, "ece_equal_mass", bins=2) == 0


@pytest.mark.parametrize("binning", BINNINGS)
@given(items=ITEMS)
@settings(max_examples=60)
def test_the_error_is_the_weighted_gap_of_the_bins(items: Items, binning: Binning) -> None:
    said, so = parted(items)
    bins = reliability_bins(said, so, binning=binning)
    assert sum(one.count for one in bins) == len(items)
    gap = sum(one.count * abs(one.confidence - one.frequency) for one in bins) / len(items)
    error = score(said, so, KEYS[binning])
    assert error == pytest.approx(gap, abs=1e-9)
    assert 0 <= error <= 1


@pytest.mark.parametrize(
    ("binning", "strategy"), [("equal-width", "uniform"), ("equal-mass", "quantile")]
)
@given(items=ITEMS)
@settings(max_examples=60, deadline=None)
def test_scikit_learn_finds_the_same_bins(items: Items, binning: Binning, strategy: str) -> None:
    said, so = parted(items)
    frequency, confidence = calibration_curve(so, said, n_bins=7, strategy=strategy, pos_label=True)
    bins = reliability_bins(said, so, bins=7, binning=binning)
    assert [one.frequency for one in bins] == pytest.approx(frequency.tolist())
    assert [one.confidence for one in bins] == pytest.approx(confidence.tolist())


@pytest.mark.slow
@given(items=st.lists(st.tuples(st.integers(0, 255), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_torchmetrics_finds_the_same_error(items: list[tuple[int, bool]]) -> None:
    install_shim()
    import torch
    from torchmetrics.functional.classification import binary_calibration_error

    # Never on the edge of one of 8 bins, where the two conventions differ.
    said, so = [(2 * step + 1) / 512 for step, _ in items], [one for _, one in items]
    theirs = binary_calibration_error(torch.tensor(said), torch.tensor(so).int(), 8, "l1")
    assert score(said, so, "ece", bins=8) == pytest.approx(float(theirs), abs=1e-6)


def test_equal_mass_bins_hold_about_as_many_items_each() -> None:
    said = np.linspace(0, 0.2, 100) ** 2
    bins = reliability_bins(said.tolist(), [False] * 100, bins=4, binning="equal-mass")
    assert [one.count for one in bins] == [25, 25, 25, 25]


@given(ITEMS)
def test_scikit_learn_finds_the_same_brier_score(items: Items) -> None:
    said, so = parted(items)
    theirs = brier_score_loss(so, said, pos_label=True)
    assert score(said, so, "brier") == pytest.approx(float(theirs))


def test_saying_the_base_rate_earns_the_brier_score_of_the_base_rate() -> None:
    scores = calibration_scores([0.25] * 8, [True, False, False, False] * 2, draws=50)
    assert scores["brier"].value == scores["brier_of_base_rate"].value == 0.1875
    assert scores["ece"].value == 0
    low, high = scores["brier"].low, scores["brier"].high
    assert low is not None and high is not None and low < 0.1875 < high


@pytest.mark.parametrize(
    ("said", "so", "message"),
    [
        ([], [], "no probabilities"),
        ([0.5], [True, False], "1 probabilities and 2 outcomes"),
        ([0.5, 1.2], [True, False], "item 1 has probability 1.2"),
        ([float("nan")], [True], "item 0 has probability nan"),
    ],
)
def test_what_is_no_probability_is_refused(said: list[float], so: list[bool], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        calibration_scores(said, so)
    with pytest.raises(MetricError, match=message):
        reliability_bins(said, so)


def test_a_plot_needs_a_bin() -> None:
    with pytest.raises(MetricError, match="0 bins"):
        reliability_bins([0.5], [True], bins=0)
