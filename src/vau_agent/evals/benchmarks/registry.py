"""Every format of annotations, by the name that `--benchmark` takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.base import Benchmark
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME

BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {benchmark.name: benchmark for benchmark in (UCF_CRIME,)}
)


def find_benchmark(name: str) -> Benchmark:
    """Return the benchmark of that name.

    Raises:
        BenchmarkError: There is none.
    """
    try:
        return BENCHMARKS[name]
    except KeyError:
        known = ", ".join(sorted(BENCHMARKS))
        raise BenchmarkError(f"no benchmark {name!r}; known: {known}") from None
