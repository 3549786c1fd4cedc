"""Figures beside those that need no video, and differences beside zero.

A method that does not clear the figures that need no video has shown nothing.
"""

from typing import Final, Literal

from vau_agent.evals.report.figures import COUNTS, bounds, defined
from vau_agent.evals.tables import Estimate, Row, Table

Better = Literal["higher", "lower", "neither"]
LOWER_IS_BETTER: Final = frozenset({"brier", "broken", "damage", "ece", "echo", "error"})
"""Words of a metric's name that say a small figure is good."""
NEITHER: Final = COUNTS | {"cost", "coverage", "hours", "p", "per", "seconds"}
"""Words of a metric's name that say a figure is neither good nor bad."""


def better(metric: str) -> Better:
    """Tell which way a metric is good, by the words of its name."""
    words = set(metric.lower().replace("-", "_").split("_"))
    if words & LOWER_IS_BETTER:
        return "lower"
    return "neither" if words & NEITHER else "higher"


def is_difference(row: Row, metric: str) -> bool:
    """Tell whether a figure is a difference: zero, and no blind row, is what it is held against."""
    return row.kind == "difference" and better(metric) != "neither"


def best_blind(table: Table, metric: str) -> Row | None:
    """Give the blind row that does best, the first of several; `None` when there is none."""
    side = better(metric)
    values = [
        (value, row)
        for row in table.rows
        if row.kind == "blind" and metric in row.metrics
        if (value := defined(row.metrics[metric])) is not None
    ]
    if side == "neither" or not values:
        return None
    sign = 1 if side == "higher" else -1
    return max(values, key=lambda pair: sign * pair[0])[1]


def clears(estimate: Estimate, blind: Row, metric: str) -> bool | None:
    """Tell whether a figure's interval lies wholly on the better side of the blind value.

    Returns:
        `None` when the figure has no interval, or no value.
    """
    ends, value = bounds(estimate), defined(blind.metrics[metric])
    if ends is None or value is None or defined(estimate) is None:
        return None
    return ends[0] > value if better(metric) == "higher" else ends[1] < value
