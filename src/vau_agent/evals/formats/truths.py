"""Which benchmark a file of truth belongs to: for formats that serve any of them."""

from collections.abc import Set
from pathlib import Path, PurePosixPath
from typing import Final

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.registry import BENCHMARKS
from vau_agent.evals.samples import Dataset

ANY_TRUTH: Final = "the annotation of any benchmark of 'eval formats', told by its content"


def read_truth(path: Path, ids: Set[str]) -> Dataset:
    """Read a truth with the benchmark whose samples the predictions name most often.

    Of equals it is the one that can use most entries of the file: some files can be read as
    several benchmarks, with gaps.

    Args:
        path: The annotation.
        ids: Videos of the predictions, by name without ending.

    Raises:
        BenchmarkError: No benchmark reads this file.
    """
    read = []
    refusals = []
    for benchmark in BENCHMARKS.values():
        try:
            read.append(benchmark.read(path))
        except BenchmarkError as error:
            refusals.append(str(error))
    if not read:
        known = ", ".join(BENCHMARKS)
        raise BenchmarkError(f"{path} is no annotation of {known}: {refusals[0]}")
    return max(
        read,
        key=lambda dataset: (
            sum(sample.id in ids for sample in dataset.samples),
            len(dataset.samples) - len(dataset.gaps),
        ),
    )


def video_id(name: str) -> str:
    """Return the id that a sample of this video has: its name without folder and ending."""
    path = PurePosixPath(name.strip())
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


_ENDINGS: Final = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".npy"})
