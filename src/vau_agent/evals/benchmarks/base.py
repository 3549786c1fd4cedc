"""What a benchmark is, and how a file's entries become samples and gaps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.values import UnusableItemError, shown
from vau_agent.evals.samples import Dataset, Gap, Sample

Item = Sample | Gap
Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One format of annotations."""

    name: str
    """As `--benchmark` takes it."""
    title: str
    annotations: str
    """One line: which file or folder is read."""
    read: Callable[[Path], Dataset]
    """Raises `BenchmarkError` where the file as a whole cannot be used."""


def collect(
    entries: Iterable[tuple[str, Entry]], parse: Callable[[str, Entry], Iterable[Item]], path: Path
) -> tuple[tuple[Sample, ...], tuple[Gap, ...]]:
    """Read every entry; one that cannot be used is a gap, and the rest goes on.

    Of samples with one id the first stays.

    Args:
        entries: Name of each, for its gap, and what the file says.
        parse: Gives a sample, gaps, or both; raises `UnusableItemError`.
        path: Of the file, for the error.

    Raises:
        BenchmarkError: No entry can be used.
    """
    samples: dict[str, Sample] = {}
    gaps: list[Gap] = []
    for name, entry in entries:
        for item in _guarded(parse, name, entry):
            if isinstance(item, Gap):
                gaps.append(item)
            elif item.id in samples:
                gaps.append(Gap(id=item.id, kind="duplicate-id", detail=f"again in {name}"))
            else:
                samples[item.id] = item
    if not samples:
        first = f"the first gap: {shown(gaps[0].id)}: {gaps[0].detail}" if gaps else "it is empty"
        raise BenchmarkError(f"{path} holds no sample that can be used; {first}")
    return tuple(samples.values()), tuple(gaps)


def _guarded(
    parse: Callable[[str, Entry], Iterable[Item]], name: str, entry: Entry
) -> tuple[Item, ...]:
    try:
        return tuple(parse(name, entry))
    except UnusableItemError as error:
        return (Gap(id=name, kind=error.kind, detail=error.detail),)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return (Gap(id=name, kind="unreadable", detail=f"{where}: {first['msg']}"),)
