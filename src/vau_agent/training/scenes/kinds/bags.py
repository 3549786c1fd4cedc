"""Bags: left behind by somebody who goes away, and bags whose owners stay."""

from math import inf, pi

from vau_agent.training.scenes.moves import hold, reaching_down
from vau_agent.training.scenes.people import Act
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import PHONE
from vau_agent.training.scenes.shapes import Colour
from vau_agent.training.scenes.story import Drama
from vau_agent.training.scenes.things import Bag
from vau_agent.training.scenes.tracks import Key, track

_COLOURS: tuple[Colour, ...] = (
    (26, 26, 28),
    (70, 40, 28),
    (40, 54, 96),
    (150, 36, 40),
    (90, 96, 70),
    (196, 150, 70),
)
_SIZES = ((0.62, 0.32, 0.42), (0.48, 0.28, 0.7), (0.42, 0.26, 0.5), (0.65, 0.42, 0.48))


def _put_down_s(start: float) -> float:
    """Return when the hand lets go in a stoop that begins at `start`."""
    return start + 0.75


def abandon(plot: Plot) -> Drama:
    """Tell of somebody who puts a bag down and leaves the picture without it."""
    start, _ = plot.span(4.0, 9.0, sudden=True)
    start = min(max(start, -3.0), max(0.1, plot.duration_s - 2.6))
    spot = plot.spot(0.7)
    lets_go = _put_down_s(start)
    waits = plot.pick(0.0, 0.0, plot.between(0.5, 3.0))
    leaves = start + 1.5 + waits
    keys = [*plot.arrive(spot, start - 0.1), (leaves, *spot)]
    keys += plot.leave(
        spot, leaves + 0.1, plot.pick(plot.between(1.1, 1.7), plot.between(2.2, 3.4))
    )
    acts = [Act(start=start, end=start + 1.6, motion=reaching_down(1.5), ease_s=0.2)]
    owner = plot.person(track(keys), acts)
    bag = Bag(
        name=plot.name("bag"),
        colour=plot.pick(*_COLOURS),
        size=plot.pick(*_SIZES),
        carriers=((-inf, lets_go, owner),),
    )
    captions = (
        "A person puts a bag down and walks away",
        "Someone leaves a bag behind",
        "A bag is left alone after its owner leaves",
        "A suitcase is abandoned by a person who goes away",
    )
    return plot.tell(
        "abandon a bag",
        [owner, bag, *plot.bystanders(3, spare=spot), *plot.traffic(0.1)],
        captions,
        actors=[owner, bag.name],
        category="abandoned object",
        span=(lets_go - 0.4, inf),
        risk=1,
        cause="the owner goes away without the bag",
    )


def keep(plot: Plot) -> Drama:
    """Tell of somebody who puts a bag down, stays with it, and may take it up again."""
    start, end = plot.span(4.0, 14.0)
    spot = plot.spot(0.7)
    lets_go = _put_down_s(start)
    end = max(end, start + 3.2)
    takes = _put_down_s(end)
    keys: list[Key] = [*plot.arrive(spot, start - 0.1), (start + 1.6, *spot)]
    if plot.chance(0.4) and end - start > 5:
        beside: Spot = plot.near(spot, 0.5, 1.0)
        keys += [(start + 2.6, *beside), (end - 1.2, *beside)]
    keys += [(end, *spot), (end + 1.6, *spot), *plot.leave(spot, end + 1.8, plot.between(1.0, 1.6))]
    acts = [
        Act(start=start, end=start + 1.6, motion=reaching_down(1.5), ease_s=0.2),
        Act(start=end, end=end + 1.6, motion=reaching_down(1.5), ease_s=0.2),
    ]
    if plot.chance(0.4):
        acts.append(Act(start=start + 1.8, end=end - 0.3, motion=hold(PHONE), arms_only=True))
    look = (start + 1.7, end - 0.1, plot.between(0, 2 * pi))
    owner = plot.person(track(keys, looks=[look]), acts)
    bag = Bag(
        name=plot.name("bag"),
        colour=plot.pick(*_COLOURS),
        size=plot.pick(*_SIZES),
        carriers=((-inf, lets_go, owner), (takes, inf, owner)),
    )
    captions = (
        "A person puts a bag down and waits beside it",
        "Someone stands next to a bag and takes it up again",
        "A person waits with a bag",
    )
    return plot.tell(
        "bag with its owner",
        [owner, bag, *plot.bystanders(3, spare=spot), *plot.traffic(0.2)],
        captions,
        actors=[owner, bag.name],
    )


def carry(plot: Plot) -> Drama:
    """Tell of people who carry bags through."""
    people, bags = [], []
    for _ in range(plot.pick(1, 1, 2, 3)):
        person = plot.walker()
        bag = Bag(
            name=plot.name("bag"),
            colour=plot.pick(*_COLOURS),
            size=plot.pick(*_SIZES),
            carriers=((-inf, inf, person),),
        )
        people.append(person)
        bags.append(bag)
    one = len(people) == 1
    captions = (
        ("A person carries a bag", "Someone walks by with a suitcase")
        if one
        else ("People carry bags", "People walk by with luggage")
    )
    return plot.tell("carry a bag", [*people, *bags, *plot.bystanders(2)], captions, actors=people)
