import pytest

from vau_agent.evals.report.beside_blind import Better, best_blind, better, clears
from vau_agent.evals.tables import Estimate, Table


@pytest.mark.parametrize(
    ("metric", "side"),
    [
        ("frame_auc", "higher"),
        ("within_auc_macro", "higher"),
        ("recall_at_far_5", "higher"),
        ("f1", "higher"),
        ("ece", "lower"),
        ("brier", "lower"),
        ("broken", "lower"),
        ("damage_rate", "lower"),
        ("risk_accuracy", "higher"),
        ("calls", "neither"),
        ("mcnemar_p", "neither"),
        ("anomalous_frames", "neither"),
        ("seconds_per_video_hour", "neither"),
        ("MR-full-R1@0.5", "higher"),
    ],
)
def test_the_name_tells_which_way_is_good(metric: str, side: Better) -> None:
    assert better(metric) == side


def test_the_best_blind_row_is_the_highest_or_the_lowest(detection: Table) -> None:
    best = {name: best_blind(detection, name) for name in ("frame_auc", "ece", "frames")}

    assert best["frame_auc"] is not None
    assert best["frame_auc"].name == "shorter is anomalous"
    assert best["ece"] is not None
    assert best["ece"].name == "position prior"
    assert best["frames"] is None


def test_a_row_told_the_truth_is_not_blind(detection: Table) -> None:
    told = detection.model_copy(update={"rows": detection.rows[3:]})

    assert best_blind(told, "frame_auc") is None


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [(0.71, 0.9, True), (0.7012, 0.9, False), (0.5, 0.9, False), (0.1, 0.3, False)],
)
def test_a_figure_clears_when_its_whole_interval_is_above(
    detection: Table, low: float, high: float, answer: bool
) -> None:
    blind = best_blind(detection, "frame_auc")
    assert blind is not None

    assert clears(Estimate(value=0.8, low=low, high=high, n=9), blind, "frame_auc") is answer


@pytest.mark.parametrize(("low", "high", "answer"), [(0.1, 0.13, True), (0.1, 0.14, False)])
def test_an_error_clears_when_its_whole_interval_is_below(
    detection: Table, low: float, high: float, answer: bool
) -> None:
    blind = best_blind(detection, "ece")
    assert blind is not None

    assert clears(Estimate(value=0.12, low=low, high=high, n=9), blind, "ece") is answer


def test_without_an_interval_nothing_can_be_told(detection: Table) -> None:
    blind = best_blind(detection, "frame_auc")
    assert blind is not None

    assert clears(Estimate(value=0.99, n=9), blind, "frame_auc") is None
