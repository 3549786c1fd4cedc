"""How far a figure is to be trusted: bootstrap, Wilson intervals and McNemar's exact test.

Every interval covers 95 % unless its docstring says otherwise. Items are drawn whole: a video with
all its frames, a question with all its options.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.tables import Estimate
from vau_agent.schemas import Value

LEVEL: Final = 0.95
"""Share of cases in which an interval should hold the true value."""


class Interval(Value):
    """A figure and the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    """Items that were drawn, or trials."""
    note: str = ""
    """How many draws left the figure undefined; empty when none did."""

    def estimate(self) -> Estimate:
        """Return the same for a table."""
        return Estimate(value=self.value, low=self.low, high=self.high, n=self.n, note=self.note)


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], n: int, *, draws: int = 1000, seed: int = 0
) -> Interval:
    """Return `statistic` of all items with its percentile bootstrap interval.

    Args:
        statistic: Takes the numbers of the drawn items, shape (n,), each in 0..n-1 and as often as
            it was drawn; returns NaN where it is undefined. Such draws are left out and counted
            in the note.
        n: Items there are.
        draws: Samples of `n` items, drawn with replacement.
        seed: Equal seeds draw equal items.

    Raises:
        MetricError: There is no item or no draw, or the statistic is undefined on all items or in
            every draw.
    """
    drawn = [statistic(items) for items in resamples(n, draws=draws, seed=seed)]
    return percentile_interval(statistic(np.arange(n)), np.array(drawn), n)


def bootstrap_mean(values: Sequence[float], *, draws: int = 2000, seed: int = 0) -> Interval:
    """Return the mean with its bootstrap interval.

    Raises:
        MetricError: There is no value, or one is not a finite number.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        place = int(np.flatnonzero(~np.isfinite(array))[0])
        raise MetricError(f"a mean needs finite numbers, item {place} is {array[place]}")
    return bootstrap(lambda items: float(array[items].mean()), len(array), draws=draws, seed=seed)


def paired_difference(
    a: Sequence[float], b: Sequence[float], *, draws: int = 2000, seed: int = 0
) -> Interval:
    """Return the mean of `b - a` over the same items, with its bootstrap interval.

    Raises:
        MetricError: The two differ in length, are empty, or hold a number that is not finite.
    """
    if len(a) != len(b):
        raise MetricError(f"a paired difference needs the same items, got {len(a)} and {len(b)}")
    differences = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    return bootstrap_mean(differences.tolist(), draws=draws, seed=seed)


def wilson(successes: int, n: int) -> Interval:
    """Return the share of successes with Wilson's score interval (Wilson 1927).

    Raises:
        MetricError: There is no trial, or `successes` does not lie in 0..n.
    """
    if not 0 <= successes <= n or n == 0:
        raise MetricError(f"a share needs 0 to n successes of n > 0 trials, got {successes} of {n}")
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and n the bounds touch 0 and 1 exactly; rounding may carry them past the share.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(value=share, low=low, high=high, n=n)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return McNemar's exact two-sided p-value: are A and B right equally often?

    Args:
        only_a: Items that A has right and B wrong.
        only_b: Items that B has right and A wrong.

    Raises:
        MetricError: A count is negative.
    """
    if min(only_a, only_b) < 0:
        raise MetricError(f"counts cannot be negative, got {only_a} and {only_b}")
    if only_a + only_b == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)


def resamples(n: int, *, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield `draws` samples of the numbers 0..n-1, drawn with replacement, each of shape (n,).

    Equal arguments give equal samples: what is paired draws the same items.

    Raises:
        MetricError: `n` or `draws` is not positive.
    """
    if n < 1 or draws < 1:
        raise MetricError(f"a bootstrap needs items and draws, got {n} items and {draws} draws")
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield random.integers(n, size=n)


def percentile_interval(value: float, drawn: NDArray[np.float64], n: int) -> Interval:
    """Return `value` between the percentiles of `drawn`, shape (draws,); NaN is an undefined draw.

    Raises:
        MetricError: `value` is undefined, or every draw is.
    """
    defined = drawn[~np.isnan(drawn)]
    if math.isnan(value) or not len(defined):
        raise MetricError(f"the figure is undefined on these {n} items; look at their truth")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    missing = len(drawn) - len(defined)
    note = f"undefined in {missing} of {len(drawn)} draws" if missing else ""
    return Interval(value=value, low=float(low), high=float(high), n=n, note=note)
