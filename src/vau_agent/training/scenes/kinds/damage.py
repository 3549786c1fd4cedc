"""Vandalism, and things people do calmly to bins, walls and windows."""

from itertools import pairwise
from math import inf, pi, sin

from vau_agent.training.scenes.kinds.parts import scatter
from vau_agent.training.scenes.moves import (
    hold,
    reaching_down,
    smashing,
    spraying,
    throwing,
)
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import OFFER, smooth
from vau_agent.training.scenes.shapes import Ball, Capsule, Colour, Point, Shape
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.struggles import kicking
from vau_agent.training.scenes.things import Prop, barrel, bench, held, wall, window
from vau_agent.training.scenes.tracks import Key, still, track
from vau_agent.training.scenes.vehicles import Car, draw_make

_PAINT: tuple[Colour, ...] = ((200, 40, 60), (30, 30, 34), (40, 90, 190), (40, 150, 80))


def _vandal(plot: Plot, at: Spot, thing: Spot, start: float, end: float, act: Act) -> Person:
    """Cast somebody who comes to `at`, acts on `thing` until `end` and makes off."""
    keys: list[Key] = []
    if plot.chance(0.7):
        keys = plot.arrive(at, start - plot.between(0.1, 2.0))
    keys += [(start, *at), (end, *at)]
    speed = plot.pick(plot.between(1.1, 1.6), plot.between(2.8, 4.2))
    keys += plot.leave(at, end + plot.between(0.2, 1.0), speed)
    look = plot.facing(at, thing, start - 0.4, end + 0.1)
    return plot.person(track(keys, looks=[look]), [act])


def _tell(
    plot: Plot,
    kind: str,
    players: list[Player],
    people: list[Person],
    captions: tuple[str, ...],
    span: tuple[float, float],
    thing: Spot,
) -> Drama:
    others = [*plot.bystanders(2, spare=thing), *plot.traffic(0.15)]
    if plot.chance(0.25):
        mate_spot = plot.near(thing, 1.2, 2.2)
        others.append(plot.stander(mate_spot, thing))
    return plot.tell(
        kind,
        [*players, *people, *others],
        captions,
        actors=people,
        category="vandalism",
        span=(span[0] - 0.2, span[1] + 0.5),
        risk=1,
        cause=plot.pick("wanton damage", "somebody damages a thing on purpose"),
    )


def smash_window(plot: Plot) -> Drama:
    """Tell of somebody who breaks a window with a stone, a kick or a bat."""
    start, end = plot.span(2.0, 6.0, sudden=True)
    x, y = plot.spot(0.9)[0], plot.area.y_max - plot.between(0.0, 0.5)
    how = plot.pick("bat", "kick", "stone", "stone")
    breaks = start + plot.between(0.5, 1.3)
    thing = (x, y)
    at = plot.inside((x + plot.between(-0.4, 0.4), y - (0.75 if how != "stone" else 2.5)))
    players: list[Player] = [
        wall(plot.name("wall"), (x - 1.3, y + 0.15), (x + 1.3, y + 0.15), 2.6, (128, 118, 108)),
        window(plot.name("window"), x, y, (70, 60, 50), breaks),
    ]
    if how == "stone":
        breaks_at = start + 0.55
        players[1] = window(plot.name("window"), x, y, (70, 60, 50), breaks_at + 0.35)
        end = start + 1.4
        act = Act(start=start, end=end, motion=throwing(plot.rng), ease_s=0.1)
        vandal = _vandal(plot, at, thing, start, end, act)
        players.append(_stone(plot, vandal, breaks_at, (x, y, 1.4)))
    else:
        make = smashing if how == "bat" else kicking
        act = Act(start=start - 0.2, end=end, motion=make(plot.rng), ease_s=0.25)
        vandal = _vandal(plot, at, thing, start, end, act)
        if how == "bat":
            players.append(held(plot.name("bat"), vandal, 0.8, (110, 80, 50), (-inf, inf)))
    tools = {"bat": "a bat", "kick": "kicks", "stone": "a stone"}
    captions = (
        "A person smashes a window",
        f"Someone breaks a window with {tools[how]}",
        "A vandal destroys a window",
    )
    return _tell(plot, "smash a window", players, [vandal], captions, (start, end), thing)


def _stone(plot: Plot, thrower: Person, at: float, target: Point) -> Prop:
    hand = thrower.joint("right_hand", at)

    def draw(timestamp: float) -> list[Shape]:
        share = (timestamp - at) / 0.35
        x, y, z = (a + (b - a) * share for a, b in zip(hand, target, strict=True))
        return [Ball((x, y, z + 0.3 * sin(pi * share)), 0.07, (70, 68, 66))]

    return Prop(name="stone", draw=draw, present=(at, at + 0.35))


def kick_bin(plot: Plot) -> Drama:
    """Tell of somebody who kicks a litter bin or bench over and goes on kicking."""
    start, end = plot.span(1.5, 7.0, sudden=True)
    thing, side = plot.spot(0.9), plot.pick(-1, 1)
    at = (thing[0] - 0.7 * side, thing[1] + plot.between(-0.1, 0.1))
    tips, rolls = start + plot.between(0.3, 1.0), plot.between(0.2, 1.3)

    def where(timestamp: float) -> tuple[Point, float]:
        gone = smooth((timestamp - tips) / 0.6)
        shake = 0.06 * sin(14 * timestamp) if tips < timestamp < end else 0.0
        return (thing[0] + side * (rolls * gone + shake), thing[1], 0.0), side * 1.5 * gone

    colour = plot.pick((60, 84, 62), (90, 92, 96), (40, 50, 80), (150, 120, 40))
    act = Act(start=start - 0.2, end=end, motion=kicking(plot.rng), ease_s=0.25)
    vandal = _vandal(plot, at, thing, start, end, act)
    rubbish = scatter(plot.rng, "", (*thing, 0.5), plot.pick((220, 220, 215), (150, 130, 90)), tips)
    players: list[Player] = [barrel(plot.name("bin"), where, colour), Prop(name="", draw=rubbish)]
    captions = (
        "A person kicks over a litter bin",
        "Someone kicks a bin again and again",
        "A vandal knocks a rubbish bin to the ground",
    )
    return _tell(plot, "kick a bin", players, [vandal], captions, (start, end), thing)


def spray_wall(plot: Plot) -> Drama:
    """Tell of somebody who sprays paint on a wall."""
    start, end = plot.span(4.0, 14.0)
    x, y = plot.spot(0.9)[0], plot.area.y_max - plot.between(0.0, 0.4)
    at = (x, y - 0.65)
    paint = plot.pick(*_PAINT)
    dots = [
        (
            start + (end - start) * (k + 1) / 26,
            x + 0.75 * sin(0.9 * k),
            1.3 + 0.45 * sin(0.55 * k + 1),
        )
        for k in range(25)
    ]

    def draw(timestamp: float) -> list[Shape]:
        shown = [dot for dot in dots if dot[0] <= timestamp]
        return [
            Capsule((a[1], y - 0.04, a[2]), (b[1], y - 0.04, b[2]), 0.05, paint, "paint")
            for a, b in pairwise(shown)
        ]

    act = Act(start=start - 0.2, end=end, motion=spraying(plot.rng), ease_s=0.5)
    vandal = _vandal(plot, at, (x, y), start, end, act)
    players: list[Player] = [
        wall(plot.name("wall"), (x - 1.8, y + 0.1), (x + 1.8, y + 0.1), 2.3, (170, 164, 152)),
        Prop(name="paint", draw=draw),
        held(plot.name("can"), vandal, 0.16, paint, (-inf, inf)),
    ]
    captions = (
        "A person sprays paint on a wall",
        "Someone sprays graffiti",
        "A vandal paints on a wall with a spray can",
    )
    return _tell(plot, "spray a wall", players, [vandal], captions, (start, end), (x, y))


def smash_car(plot: Plot) -> Drama:
    """Tell of people who smash or kick a parked car."""
    start, end = plot.span(3.0, 10.0)
    thing = plot.spot(1.3)
    car = Car(
        name=plot.name("car"), make=draw_make(plot.rng), way=still(*thing, plot.pick(0.0, pi))
    )
    people: list[Person] = []
    players: list[Player] = [car]
    for index in range(plot.pick(1, 1, 2)):
        at = (thing[0] + plot.between(-1.2, 1.2), thing[1] + (1.3 if index else -1.3))
        make = plot.pick(smashing, smashing, kicking)
        act = Act(start=start - 0.2, end=end, motion=make(plot.rng), ease_s=0.25)
        vandal = _vandal(plot, at, (at[0], thing[1]), start, end, act)
        people.append(vandal)
        if make is smashing:
            players.append(held(plot.name("bat"), vandal, 0.85, (110, 84, 60), (-inf, inf)))
    glass = scatter(plot.rng, "", (thing[0], thing[1] - 0.9, 1.0), (190, 205, 210), start + 0.6)
    players.append(Prop(name="", draw=glass))
    one = len(people) == 1
    captions = (
        f"{'A person smashes' if one else 'Two people smash'} a parked car",
        f"{'Someone damages' if one else 'People damage'} a car with blows",
        f"{'A vandal beats' if one else 'Vandals beat'} on a parked car",
    )
    return _tell(plot, "smash a car", players, people, captions, (start, end), thing)


def smash_furniture(plot: Plot) -> Drama:
    """Tell of somebody who beats furniture or a machine to pieces."""
    start, end = plot.span(2.5, 9.0)
    thing = plot.spot(0.9)
    side = plot.pick(-1, 1)
    at = (thing[0] - 0.9 * side, thing[1])
    make = plot.pick(smashing, kicking)
    act = Act(start=start - 0.2, end=end, motion=make(plot.rng), ease_s=0.25)
    vandal = _vandal(plot, at, thing, start, end, act)
    colour = plot.pick((130, 96, 60), (90, 96, 104), (150, 60, 50))
    bits = scatter(plot.rng, "", (*thing, 0.6), colour, start + 0.5)
    later = scatter(plot.rng, "", (*thing, 0.5), colour, start + 1.5)
    players: list[Player] = [
        bench(plot.name("bench"), *thing, plot.between(pi, 2 * pi), colour),
        Prop(name="", draw=bits),
        Prop(name="", draw=later, present=(start, plot.duration_s + 1)),
    ]
    if make is smashing:
        players.append(held(plot.name("bat"), vandal, 0.85, (100, 76, 50), (-inf, inf)))
    captions = (
        "A person smashes furniture",
        "Someone beats a bench to pieces",
        "A vandal destroys a seat",
    )
    return _tell(plot, "smash furniture", players, [vandal], captions, (start, end), thing)


def use_bin(plot: Plot) -> Drama:
    """Tell of somebody who puts rubbish into a bin and walks on."""
    start, _ = plot.span(1.0, 2.0)
    thing, side = plot.spot(0.9), plot.pick(-1, 1)
    at = (thing[0] - 0.6 * side, thing[1])
    colour = plot.pick((60, 84, 62), (90, 92, 96), (40, 50, 80))
    bin_ = barrel(plot.name("bin"), lambda _: ((*thing, 0.0), 0.0), colour)
    keys = [*plot.arrive(at, start), (start + 1.0, *at), *plot.leave(at, start + 1.2, 1.3)]
    look = plot.facing(at, thing, start - 0.2, start + 1.0)
    act = Act(start=start, end=start + 0.7, motion=hold(OFFER), ease_s=0.3)
    person = plot.person(track(keys, looks=[look]), [act])
    captions = ("A person throws rubbish into a bin", "Someone uses a litter bin")
    others = [*plot.bystanders(3, spare=thing), *plot.traffic(0.2)]
    return plot.tell("use a bin", [bin_, person, *others], captions, actors=[person])


def clean_window(plot: Plot) -> Drama:
    """Tell of somebody who wipes a window or hangs up a poster."""
    start, end = plot.span(4.0, 15.0)
    x, y = plot.spot(0.9)[0], plot.area.y_max - plot.between(0.0, 0.4)
    at = (x, y - 0.65)
    keys = [*plot.arrive(at, start - 0.3), (end, *at), *plot.leave(at, end + 0.3, 1.2)]
    look = plot.facing(at, (x, y), start - 0.3, end)
    acts = [Act(start=start, end=end, motion=spraying(plot.rng), ease_s=0.5)]
    if plot.chance(0.4):
        acts.append(Act(start=start + 1, end=start + 2.4, motion=reaching_down(1.6), ease_s=0.3))
    cleaner = plot.person(track(keys, looks=[look]), acts)
    players: list[Player] = [
        wall(plot.name("wall"), (x - 1.3, y + 0.15), (x + 1.3, y + 0.15), 2.6, (128, 118, 108)),
        window(plot.name("window"), x, y, (70, 60, 50), inf),
    ]
    captions = ("A person cleans a window", "Someone wipes a window")
    return plot.tell(
        "clean a window", [*players, cleaner, *plot.bystanders(2)], captions, actors=[cleaner]
    )
