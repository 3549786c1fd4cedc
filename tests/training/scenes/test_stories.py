"""Every kind of story, told on small and large ground, in short and long scenes."""

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
import pytest

from vau_agent.training.scenes.area import Area
from vau_agent.training.scenes.kinds import KINDS
from vau_agent.training.scenes.plot import Plot
from vau_agent.training.scenes.shapes import Ball, Capsule, Face, Flame, Flash, Shape, Smoke
from vau_agent.training.scenes.splits import generator
from vau_agent.training.scenes.story import Drama

_GROUNDS = (Area(-1.5, 1.5, 2.0, 4.5), Area(-7.0, 7.0, 3.0, 13.0))
_DURATIONS = (2.0, 5.0, 30.0)


def tell(kind: str, seed: int, area: Area, duration_s: float) -> Drama:
    rng = generator("train", seed, kind)
    plot = Plot(rng=rng, area=area, place="a car park", night=False, duration_s=duration_s)
    return KINDS[kind].tell(plot)


def stories(kind: str) -> Iterator[Drama]:
    for seed, (area, duration_s) in enumerate(product(_GROUNDS, _DURATIONS)):
        yield tell(kind, seed, area, duration_s)


def numbers(shape: Shape) -> list[float]:
    if isinstance(shape, Capsule):
        return [*shape.start, *shape.end, shape.radius]
    if isinstance(shape, Face):
        return [value for point in shape.points for value in point]
    if isinstance(shape, Flame):
        return [*shape.foot, shape.width, shape.height, shape.strength]
    assert isinstance(shape, Ball | Smoke | Flash)
    return [*shape.centre, shape.radius]


@pytest.mark.parametrize("kind", KINDS)
def test_truth_fits_the_scene(kind: str) -> None:
    for story in stories(kind):
        truth = story.truth
        assert truth.kind == kind
        assert truth.category == KINDS[kind].category
        assert truth.caption[0].isupper() and truth.caption.endswith(".")
        if truth.segment is not None:
            assert truth.segment.end <= story.duration_s
            assert truth.segment.duration >= 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_story_can_be_drawn_at_every_time(kind: str) -> None:
    for story in stories(kind):
        for timestamp in np.linspace(-0.3, story.duration_s + 0.3, 4).tolist():
            shapes = story.shapes(timestamp)
            values = np.array([value for shape in shapes for value in numbers(shape)])
            assert np.isfinite(values).all()
            for shape in shapes:
                assert all(0 <= channel <= 255 for channel in shape_colour(shape))


def shape_colour(shape: Shape) -> tuple[int, ...]:
    return () if isinstance(shape, Flame) else shape.colour


@pytest.mark.parametrize("kind", KINDS)
def test_who_takes_part_is_drawn_at_some_time(kind: str) -> None:
    for story in stories(kind):
        times = np.linspace(0, story.duration_s, 12).tolist()
        drawn = {shape.owner for time in times for shape in story.shapes(time)}
        missing = set(story.truth.actors) - drawn
        assert not {name for name in missing if not name.startswith(("person", "fire"))}


@pytest.mark.parametrize("kind", ["fight", "fall", "panic", "car hits car", "fire", "hug", "walk"])
def test_the_same_seed_tells_the_same_story(kind: str) -> None:
    one, two = (tell(kind, 3, _GROUNDS[1], 8.0) for _ in range(2))
    other = tell(kind, 4, _GROUNDS[1], 8.0)

    assert one.truth == two.truth
    assert one.shapes(3.7) == two.shapes(3.7)
    assert other.shapes(3.7) != one.shapes(3.7)


@pytest.mark.parametrize("seed", range(8))
def test_who_fell_lies_low_and_was_upright_before(seed: int) -> None:
    story = tell("fall", seed, _GROUNDS[1], 30.0)
    segment = story.truth.segment
    assert segment is not None
    (fallen,) = story.truth.actors

    def head(timestamp: float) -> float:
        return max(
            shape.centre[2]
            for shape in story.shapes(timestamp)
            if isinstance(shape, Ball) and shape.owner == fallen
        )

    assert head(max(0.0, segment.start - 0.2)) > 1.2
    assert min(head(segment.start + wait) for wait in np.arange(0.9, 1.9, 0.1)) < 0.75
    if segment.end == story.duration_s:
        assert head(segment.end - 0.05) < 0.75


def test_an_abandoned_bag_stays_when_its_owner_is_gone() -> None:
    story = tell("abandon a bag", 2, _GROUNDS[1], 30.0)
    owner, bag = story.truth.actors
    segment = story.truth.segment
    assert segment is not None

    def middle(name: str, timestamp: float) -> float:
        values = [numbers(one)[0] for one in story.shapes(timestamp) if one.owner == name]
        return float(np.mean(values))

    late = min(29.9, segment.start + 15)
    assert middle(bag, segment.start + 2) == pytest.approx(middle(bag, late), abs=1e-6)
    assert abs(middle(owner, late) - middle(bag, late)) > 3


def test_people_in_panic_are_faster_than_people_who_walk() -> None:
    def pace(kind: str, share: float) -> float:
        story = tell(kind, 5, _GROUNDS[1], 12.0)
        segment = story.truth.segment
        at = segment.start + 1.2 if segment else share * story.duration_s
        before, after = ({one.owner: one for one in story.shapes(t)} for t in (at, at + 0.2))
        moved = [
            np.hypot(*np.subtract(numbers(after[name])[:2], numbers(one)[:2])) / 0.2
            for name, one in before.items()
            if name in story.truth.actors and name in after
        ]
        return float(np.median(moved))

    assert pace("panic", 0.5) > 2.2 > pace("walk", 0.5)


@pytest.mark.parametrize("kind", ["fight", "dance"])
def test_hands_move_faster_in_a_fight_than_in_a_dance(kind: str) -> None:
    story = tell(kind, 1, _GROUNDS[1], 8.0)
    segment = story.truth.segment
    start = segment.start + 0.5 if segment else 1.0
    name = story.truth.actors[0]

    def hand(timestamp: float) -> tuple[float, ...]:
        balls = [o for o in story.shapes(timestamp) if isinstance(o, Ball) and o.owner == name]
        return balls[0].centre

    times = np.arange(start, start + 1.2, 0.05)
    steps = [np.subtract(hand(b), hand(a)) for a, b in pairwise(times)]
    speed = float(np.mean([np.linalg.norm(step) for step in steps])) / 0.05
    assert speed > 1.6 if kind == "fight" else speed < 2.6
