"""Right or wrong: anomalous or not, which class, which option.

An answer that could not be read is `None`. It stays in the count and is wrong: in a binary
confusion it is a missed anomaly or a false alarm, whichever is wrong for that item.
How an option is read from text is in `options`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.samples import Question
from vau_agent.evals.significance import bootstrap, wilson
from vau_agent.evals.tables import Estimate

Confusion = tuple[int, int, int, int]
"""tn, fp, fn, tp; anomalous is the positive class."""


def binary_scores(
    truth: Sequence[bool], said: Sequence[bool | None], *, draws: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Score "anomalous or not"; anomalous is the positive class.

    Gives `accuracy`, `precision`, `recall`, `f1` and `balanced_accuracy` in 0..1, and the counts
    `tn`, `fp`, `fn`, `tp` and `unparsed`. Intervals are Wilson's for shares, and a bootstrap over
    the items for the two others. Precision and F1 are 0 when nothing was called anomalous
    (scikit-learn's `zero_division=0`); what needs a class that does not occur is not defined.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    outcomes = _outcomes(truth, said)
    n, (tn, fp, fn, tp) = len(outcomes), _count(outcomes)

    def drawn(statistic: Callable[[Confusion], float]) -> Estimate:
        return bootstrap(
            lambda items: statistic(_count(outcomes[items])), n, draws=draws, seed=seed
        ).estimate()

    normal, anomalous = tn + fp, fn + tp
    no_anomaly = Estimate(value=None, n=n, note="no item is anomalous")
    scores = {
        "accuracy": wilson(tn + tp, n).estimate(),
        "precision": wilson(tp, tp + fp).estimate()
        if tp + fp
        else Estimate(value=0.0, n=0, note="nothing was called anomalous"),
        "recall": wilson(tp, anomalous).estimate() if anomalous else no_anomaly,
        "f1": drawn(_f1) if anomalous else no_anomaly,
        "balanced_accuracy": drawn(_balanced_accuracy)
        if normal and anomalous
        else Estimate(value=None, n=n, note="only one class occurs"),
    }
    counts = {"tn": tn, "fp": fp, "fn": fn, "tp": tp, "unparsed": list(said).count(None)}
    return scores | {name: Estimate(value=count, n=n) for name, count in counts.items()}


def class_accuracy(truth: Sequence[str], said: Sequence[str | None]) -> Estimate:
    """Give the share of right class names; case and outer space do not matter.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    refuse_uneven(truth, said)
    right, answers = _fold(truth), _fold(said)
    hits = sum(one == other for one, other in zip(right, answers, strict=True))
    return wilson(hits, len(truth)).estimate()


def macro_f1(
    truth: Sequence[str], said: Sequence[str | None], *, draws: int = 200, seed: int = 0
) -> Estimate:
    """Give the plain mean of the F1 scores of the classes that occur in the truth.

    A name that is no class of the truth is a miss of the right class and no class of its own. F1
    is 0 for a class that is never named. The interval is a bootstrap over the items, in which the
    classes are those of the draw.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    refuse_uneven(truth, said)
    names = _fold(truth)
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    right = np.array([places[name] for name in names])
    answer = np.array([places.get(name, len(places)) for name in _fold(said)])
    return bootstrap(
        lambda items: _macro_f1(right[items], answer[items]), len(truth), draws=draws, seed=seed
    ).estimate()


def choice_accuracy(questions: Sequence[Question], chosen: Sequence[int | None]) -> Estimate:
    """Give the share of questions whose right option was chosen.

    Args:
        questions: The questions as the benchmark has them.
        chosen: Place of each chosen option in the benchmark's order, whichever order was shown:
            so raw and permuted accuracy are the same function of two runs.

    Raises:
        MetricError: There are no questions, the lengths differ, or an option does not exist.
    """
    refuse_uneven(questions, chosen)
    for number, (question, place) in enumerate(zip(questions, chosen, strict=True)):
        if place is not None and not 0 <= place < len(question.options):
            raise MetricError(
                f"question {number} has {len(question.options)} options, not one at {place}"
            )
    pairs = zip(questions, chosen, strict=True)
    return wilson(sum(one.answer == place for one, place in pairs), len(questions)).estimate()


def _outcomes(truth: Sequence[bool], said: Sequence[bool | None]) -> NDArray[np.int64]:
    """Give the place in a `Confusion` that each item counts for."""
    refuse_uneven(truth, said)
    right = np.array(truth, dtype=bool)
    answer = np.array(
        [not one if other is None else other for one, other in zip(truth, said, strict=True)],
        dtype=bool,
    )
    outcomes: NDArray[np.int64] = 2 * right.astype(np.int64) + answer
    return outcomes


def _count(outcomes: NDArray[np.int64]) -> Confusion:
    tn, fp, fn, tp = np.bincount(outcomes, minlength=4).tolist()
    return tn, fp, fn, tp


def _f1(counts: Confusion) -> float:
    _, fp, fn, tp = counts
    return 2 * tp / (2 * tp + fp + fn) if fn + tp else float("nan")


def _balanced_accuracy(counts: Confusion) -> float:
    tn, fp, fn, tp = counts
    if not (tn + fp and fn + tp):
        return float("nan")
    return (tn / (tn + fp) + tp / (fn + tp)) / 2


def _macro_f1(right: NDArray[np.int64], answer: NDArray[np.int64]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(right, answer, labels=np.unique(right), average="macro", zero_division=0))


def _fold(names: Sequence[str | None]) -> list[str | None]:
    return [None if name is None else name.strip().casefold() for name in names]


def refuse_uneven(truth: Sequence[object], said: Sequence[object]) -> None:
    """Refuse answers that are not one for each item.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    if len(truth) != len(said):
        raise MetricError(f"{len(truth)} items and {len(said)} answers")
    if not truth:
        raise MetricError("there are no items to score")
