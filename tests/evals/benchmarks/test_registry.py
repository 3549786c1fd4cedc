import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.registry import BENCHMARKS, find_benchmark


def test_every_benchmark_is_found_by_its_name() -> None:
    assert set(BENCHMARKS) == {
        *("ucf-crime", "xd-violence", "vau-bench", "hivau"),
        *("uca", "smarthome", "masks", "manifest"),
    }
    assert all(find_benchmark(name).name == name for name in BENCHMARKS)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BenchmarkError, match=r"no benchmark 'ucf'; known: .*ucf-crime"):
        find_benchmark("ucf")
