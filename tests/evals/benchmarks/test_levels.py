from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.levels import LEVELS, assign_levels
from vau_agent.evals.samples import Dataset, Sample, Truth


def sample(id_: str, source: str, category: str | None) -> Sample:
    truth = Truth(anomalous=category is not None, category=category)
    return Sample(id=id_, source=source, video=id_, truth=truth)


def dataset(*samples: Sample) -> Dataset:
    return Dataset(benchmark="b", annotation="a", samples=samples)


MIXED = dataset(
    sample("seen", "ucf", "Arson"),
    sample("seen normal", "ucf", None),
    sample("other source", "msad", "Arson"),
    sample("other normal", "msad", None),
    sample("new class", "ucf", "Fall"),
    sample("new class elsewhere", "msad", "Fall"),
)


def test_levels_follow_source_and_class() -> None:
    levels = assign_levels(MIXED, train_sources=["ucf"], held_out_classes=["fall"])

    assert levels == {
        "seen": "L1",
        "seen normal": "L1",
        "other source": "L2",
        "other normal": "L2",
        "new class": "L3",
        "new class elsewhere": "L3",
    }


def test_without_held_out_classes_the_third_level_is_empty() -> None:
    levels = assign_levels(MIXED, train_sources=["ucf"])

    assert Counter(levels.values()) == {"L1": 3, "L2": 3}


@pytest.mark.parametrize(
    ("sources", "classes", "named"),
    [(["xd"], [], "no source 'xd'.*msad, ucf"), (["ucf"], ["Flood"], "no class 'flood'.*fall")],
)
def test_an_unknown_name_is_refused(sources: list[str], classes: list[str], named: str) -> None:
    with pytest.raises(BenchmarkError, match=named):
        assign_levels(MIXED, train_sources=sources, held_out_classes=classes)


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["a", "b", None])), min_size=1),
    st.data(),
)
def test_levels_part_the_samples(items: list[tuple[str, str | None]], data: st.DataObject) -> None:
    whole = dataset(*(sample(str(n), *item) for n, item in enumerate(items)))
    sources = data.draw(st.sets(st.sampled_from(sorted({source for source, _ in items}))))
    levels = assign_levels(whole, train_sources=sources)

    assert set(levels) == {one.id for one in whole.samples}
    assert set(levels.values()) <= set(LEVELS)
    assert {one.id for one in whole.samples if one.source in sources} == {
        id_ for id_, level in levels.items() if level == "L1"
    }
