"""Every format of annotations, by the name that `--benchmark` takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.base import Benchmark
from vau_agent.evals.benchmarks.hivau import HIVAU
from vau_agent.evals.benchmarks.manifest import MANIFEST
from vau_agent.evals.benchmarks.masks import MASKS
from vau_agent.evals.benchmarks.smarthome import SMARTHOME
from vau_agent.evals.benchmarks.uca import UCA
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.benchmarks.vau_bench import VAU_BENCH
from vau_agent.evals.benchmarks.xd_violence import XD_VIOLENCE

_ALL: Final = (UCF_CRIME, XD_VIOLENCE, VAU_BENCH, HIVAU, UCA, SMARTHOME, MASKS, MANIFEST)

BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {benchmark.name: benchmark for benchmark in _ALL}
)


def find_benchmark(name: str) -> Benchmark:
    """Return the benchmark of that name.

    Raises:
        BenchmarkError: There is none.
    """
    try:
        return BENCHMARKS[name]
    except KeyError:
        known = ", ".join(BENCHMARKS)
        raise BenchmarkError(f"no benchmark {name!r}; known: {known}") from None
