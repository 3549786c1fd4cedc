import numpy as np
import pytest

from vau_agent.schemas import CATEGORIES
from vau_agent.training.scenes.kinds import KINDS
from vau_agent.training.scenes.scene import draw_kind
from vau_agent.training.scenes.splits import (
    HELD_OUT_CATEGORIES,
    SPLITS,
    TRAINED_CATEGORIES,
    Split,
    categories,
    generator,
    layouts,
    palettes,
    places,
)
from vau_agent.training.scenes.story import WHERE


@pytest.mark.parametrize("held_out", ["L2", "L3"])
def test_looks_of_training_are_never_those_of_the_held_out_levels(held_out: Split) -> None:
    for family in (places, layouts, palettes):
        assert set(family("train")) == set(family("L1"))
        assert not set(family("train")) & set(family(held_out))


def test_only_the_last_level_shows_the_held_out_categories() -> None:
    assert categories("train") == categories("L1") == categories("L2") == TRAINED_CATEGORIES
    assert categories("L3") == HELD_OUT_CATEGORIES
    assert {*TRAINED_CATEGORIES, *HELD_OUT_CATEGORIES} <= set(CATEGORIES)


def test_every_category_has_a_kind_and_most_kinds_are_normal() -> None:
    told = {kind.category for kind in KINDS.values()}

    assert told == {*TRAINED_CATEGORIES, *HELD_OUT_CATEGORIES, None}
    assert sum(kind.category is None for kind in KINDS.values()) >= 20


@pytest.mark.parametrize("split", SPLITS)
def test_the_kinds_of_a_split_are_balanced(split: Split) -> None:
    rng = np.random.default_rng(5)
    drawn = [KINDS[draw_kind(rng, split)].category for _ in range(2000)]
    normal = drawn.count(None) / len(drawn)
    trouble = [drawn.count(one) / len(drawn) for one in categories(split)]

    assert 0.41 < normal < 0.49
    assert sum(trouble) + normal == pytest.approx(1)
    assert max(trouble) < 1.6 * min(trouble)


def test_other_seeds_splits_and_purposes_have_other_numbers() -> None:
    firsts = [
        generator(split, seed, purpose).random()
        for split in SPLITS
        for seed in (0, 1)
        for purpose in ("scene", "view")
    ]

    assert len(set(firsts)) == len(firsts)
    assert generator("L1", 7).random() == generator("L1", 7).random()


def test_every_place_has_words_for_captions() -> None:
    assert set(WHERE) == {*places("train"), *places("L2")}
