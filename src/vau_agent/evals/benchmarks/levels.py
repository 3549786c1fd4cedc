"""Levels of generalisation over any benchmark, after SEED-Bench-R1 (arXiv 2503.24376).

L1 is what training saw: its sources, its classes. L2 comes from another source. L3 is of a class
that training left out, wherever it comes from. Normal samples have no class, so L3 holds none of
them: compare levels by recall, class accuracy, questions or times, not by what needs both kinds.
The mapping to anomalies is our reading.
"""

from collections.abc import Collection
from typing import Final, Literal, get_args

from vau_agent.errors import BenchmarkError
from vau_agent.evals.samples import Dataset, Sample

Level = Literal["L1", "L2", "L3"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)


def assign_levels(
    dataset: Dataset,
    *,
    train_sources: Collection[str],
    held_out_classes: Collection[str] = (),
) -> dict[str, Level]:
    """Return the level of each sample, by id.

    Args:
        dataset: What to split.
        train_sources: Sources that training saw, as in `Sample.source`.
        held_out_classes: Categories that it did not see, without regard to case.

    Raises:
        BenchmarkError: A source or class is none of the data set's.
    """
    held_out = {name.lower() for name in held_out_classes}
    sources = {sample.source for sample in dataset.samples}
    classes = {sample.truth.category or "" for sample in dataset.samples} - {""}
    _known("source", set(train_sources), sources)
    _known("class", held_out, {name.lower() for name in classes})
    return {sample.id: _level(sample, set(train_sources), held_out) for sample in dataset.samples}


def _level(sample: Sample, train_sources: set[str], held_out: set[str]) -> Level:
    if (sample.truth.category or "").lower() in held_out:
        return "L3"
    return "L1" if sample.source in train_sources else "L2"


def _known(what: str, wanted: set[str], found: set[str]) -> None:
    unknown = sorted(wanted - found)
    if unknown:
        raise BenchmarkError(
            f"no {what} {unknown[0]!r} in the annotation; found: {', '.join(sorted(found))}"
        )
