"""Fights, and what looks like them: hugging, dancing, shaking hands, playing at fighting."""

from math import cos, hypot, inf, pi, sin

from vau_agent.training.scenes.moves import (
    dancing,
    embracing,
    fall,
    hold,
    lying,
    waving,
)
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import CROUCH, LIE_BACK, SHAKE_HANDS
from vau_agent.training.scenes.story import Drama
from vau_agent.training.scenes.struggles import dodging, grappling, kicking, punching, wrestling
from vau_agent.training.scenes.tracks import Key, Look, still, toward, track


def fight(plot: Plot) -> Drama:
    """Tell of two or more people who fight."""
    start, end = plot.span(2.5, 14.0)
    centre = plot.spot(0.9)
    count = plot.pick(2, 2, 2, 3, 3, 4)
    on_ground = plot.between(start + 0.3 * (end - start), end) if plot.chance(0.3) else inf
    stays_down = plot.chance(0.3)
    fighters = [
        _fighter(plot, centre, index, count, (start, end), on_ground, stays_down)
        for index in range(count)
    ]
    watchers = _watchers(plot, centre, start) if plot.chance(0.35) else []
    number = ("Two", "Two", "Two", "Three", "Four")[count]
    captions = (
        f"{number} people fight",
        f"{number} people hit each other",
        f"{number} people punch and kick each other",
        f"A fight breaks out between {number.lower()} people",
        f"{number} people struggle violently",
    )
    return plot.tell(
        "fight",
        [*fighters, *watchers, *plot.bystanders(2, spare=centre), *plot.traffic(0.15)],
        captions,
        actors=fighters,
        category="fighting",
        span=(start, plot.duration_s if stays_down else end + 0.4),
        risk=2,
        cause=plot.pick("an argument", "a shove", "one person attacks the other"),
    )


def _fighter(
    plot: Plot,
    centre: Spot,
    index: int,
    count: int,
    span: tuple[float, float],
    on_ground: float,
    stays_down: bool,
) -> Person:
    start, end = span
    angle = 2 * pi * index / count + plot.between(-0.4, 0.4)
    keys, looks = _approach(plot, centre, angle, start)
    t = start
    while t < min(end, plot.duration_s + 1):
        near = plot.between(0.22, 0.5) if t < on_ground else plot.between(0.15, 0.35)
        if plot.chance(0.15) and t < on_ground:
            near = plot.between(0.5, 0.9)
        angle += plot.between(-0.7, 0.8)
        drift = (0.5 * sin(0.7 * t), 0.4 * sin(0.9 * t + 1))
        x, y = plot.inside(
            (centre[0] + drift[0] + near * cos(angle), centre[1] + drift[1] + near * sin(angle))
        )
        keys.append((t + 0.15, x, y))
        looks.append((t, t + 0.5, toward(x, y, centre[0] + drift[0], centre[1] + drift[1])))
        t += plot.between(0.25, 0.6)
    acts = _blows(plot, start, min(end, on_ground))
    if on_ground < end:
        base = plot.pick(LIE_BACK, CROUCH) if index else LIE_BACK
        acts.append(Act(start=on_ground, end=end, motion=grappling(plot.rng, base), ease_s=0.4))
    spot: Spot = keys[-1][1:]
    if index == 0 and stays_down:
        if on_ground < end:
            motion = hold(lying(plot.rng))
        else:
            motion, _ = fall(plot.rng)
        acts.append(Act(start=end, motion=motion, ease_s=0.25))
        keys.append((max(end, keys[-1][0] + 0.1), *spot))
    else:
        pause = plot.between(0.3, 1.5)
        speed = plot.pick(plot.between(1.0, 1.6), plot.between(3.0, 4.5))
        begins = max(end, keys[-1][0]) + pause
        keys += [(begins, *spot), *plot.leave(spot, begins + 0.1, speed)]
    return plot.person(track(keys, looks=looks, inertia_s=0.2), acts)


def _approach(plot: Plot, centre: Spot, angle: float, start: float) -> tuple[list[Key], list[Look]]:
    ready = (centre[0] + 0.8 * cos(angle), centre[1] + 0.8 * sin(angle))
    looks: list[Look] = []
    if plot.chance(0.45):
        talks = plot.between(0.5, 6.0)
        keys = plot.arrive(ready, start - talks)
        looks.append((start - talks, start, toward(*ready, *centre)))
        return [*keys, (start - 0.05, *ready)], looks
    if plot.chance(0.5):
        looks.append((-inf, start, toward(*ready, *centre)))
        return [(start - 0.1, *ready)], looks
    return [*plot.arrive(ready, start - 0.05)], looks


def _blows(plot: Plot, start: float, end: float) -> list[Act]:
    acts: list[Act] = []
    t = start - 0.15
    while t < min(end, plot.duration_s + 1):
        length = plot.between(0.7, 2.4)
        make = plot.pick(punching, punching, punching, wrestling, wrestling, kicking, dodging)
        until = min(t + length, end)
        acts.append(Act(start=t, end=until, motion=make(plot.rng), ease_s=0.18))
        t += length
    return acts


def _watchers(plot: Plot, centre: Spot, start: float) -> list[Person]:
    people = []
    for _ in range(int(plot.rng.integers(1, 4))):
        first, later = plot.near(centre, 1.5, 3.0), plot.near(centre, 1.4, 2.6)
        keys: list[Key] = [(start + 0.4, *first), (start + plot.between(1.5, 3.5), *later)]
        look = plot.facing(later, centre, start + 0.5)
        people.append(plot.person(track(keys, looks=[look])))
    return people


def _pair(plot: Plot, gap: float, meet: float, part: float) -> tuple[list[Key], list[Key], Spot]:
    """Return the ways of two people who meet at a distance of `gap` metres and part again."""
    centre = plot.spot(0.8)
    angle = plot.between(0, 2 * pi)
    ways = []
    for sign in (1, -1):
        spot = (centre[0] + sign * gap / 2 * cos(angle), centre[1] + sign * gap / 2 * sin(angle))
        keys = plot.arrive(spot, meet, side=sign) if plot.chance(0.7) else [(meet, *spot)]
        if plot.chance(0.7):
            keys += [(part, *spot), *plot.leave(spot, part + 0.2, plot.between(1.0, 1.6))]
        ways.append(keys)
    return ways[0], ways[1], centre


def hug(plot: Plot) -> Drama:
    """Tell of two people who embrace."""
    start, end = plot.span(1.5, 6.0)
    one, two, centre = _pair(plot, 0.42, start, end)
    people = []
    for keys in (one, two):
        spot: Spot = next(key[1:] for key in keys if key[0] >= start - 1e-6)
        look = plot.facing(spot, centre, start - 0.3, end + 0.3)
        act = Act(start=start - 0.4, end=end - 0.3, motion=embracing(plot.rng), ease_s=0.6)
        people.append(plot.person(track(keys, looks=[look]), [act]))
    captions = (
        "Two people hug each other",
        "Two people meet and embrace",
        "One person greets another with a hug",
    )
    others = [*plot.bystanders(3, spare=centre), *plot.traffic(0.15)]
    return plot.tell("hug", [*people, *others], captions, actors=people)


def handshake(plot: Plot) -> Drama:
    """Tell of two people who shake hands and talk."""
    start, end = plot.span(2.0, 10.0)
    one, two, centre = _pair(plot, 0.95, start, end)
    rate = plot.between(1.5, 2.5)

    people = []
    for keys in (one, two):
        spot: Spot = next(key[1:] for key in keys if key[0] >= start - 1e-6)
        look = plot.facing(spot, centre, start - 0.3, end + 0.3)
        act = Act(
            start=start,
            end=start + plot.between(1.2, 2.2),
            motion=lambda t: SHAKE_HANDS._replace(right_elbow=0.6 + 0.2 * sin(2 * pi * rate * t)),
        )
        people.append(plot.person(track(keys, looks=[look]), [act]))
    captions = (
        "Two people shake hands and talk",
        "Two people greet each other with a handshake",
        "Two people meet and talk",
    )
    others = [*plot.bystanders(3, spare=centre), *plot.traffic(0.2)]
    return plot.tell("handshake", [*people, *others], captions, actors=people)


def dance(plot: Plot) -> Drama:
    """Tell of one to four people who dance."""
    centre, count = plot.spot(0.8), plot.pick(1, 2, 2, 3, 4)
    people = []
    for index in range(count):
        angle = 2 * pi * index / count + plot.between(-0.3, 0.3)
        far = plot.between(0.5, 0.9) if count > 1 else 0.0
        keys: list[Key] = []
        t = -2.0
        while t < plot.duration_s + 1:
            angle += plot.between(-0.15, 0.35)
            spot = plot.inside((centre[0] + far * cos(angle), centre[1] + far * sin(angle)))
            keys.append((t, *spot))
            t += plot.between(0.8, 1.6)
        looks = [(key[0], key[0] + 1.6, toward(*key[1:], *centre)) for key in keys]
        act = Act(start=-inf, motion=dancing(plot.rng))
        people.append(plot.person(track(keys, looks=looks, inertia_s=0.6), [act]))
    captions = (
        ("A person dances", "Someone moves to music")
        if count == 1
        else (f"{_NUMBERS[count]} people dance together", "A group of people dances")
    )
    return plot.tell("dance", [*people, *plot.bystanders(2, spare=centre)], captions, actors=people)


_NUMBERS = {2: "Two", 3: "Three", 4: "Four"}


def wave(plot: Plot) -> Drama:
    """Tell of somebody who waves to another."""
    start, end = plot.span(1.5, 5.0)
    spot, other = plot.spot(), plot.spot()
    act = Act(start=start, end=end, motion=waving(plot.rng), arms_only=True)
    waves = plot.person(still(*spot, toward(*spot, *other)), [act])
    answers = Act(start=start + 0.7, end=end, motion=waving(plot.rng), arms_only=True)
    away = hypot(spot[0] - other[0], spot[1] - other[1])
    walks = [*plot.arrive(other, start - 0.5), *plot.walk((other, spot), start + 1.5, 1.3)]
    friend = plot.person(track(walks[: 3 if away > 1.2 else 2]), [answers])
    captions = (
        "A person waves to another",
        "Someone waves a hand",
        "Two people wave to each other",
    )
    others = [*plot.bystanders(3), *plot.traffic(0.2)]
    return plot.tell("wave", [waves, friend, *others], captions, actors=[waves, friend])


def mock_fight(plot: Plot) -> Drama:
    """Tell of somebody who shadow-boxes or trains alone, away from others."""
    spot = plot.spot()
    way = still(*spot, plot.between(0, 2 * pi))
    start, end = plot.span(3.0, 12.0)
    make = plot.pick(punching, kicking)
    trains = plot.person(way, [Act(start=start, end=end, motion=make(plot.rng, 0.6), ease_s=0.4)])
    captions = ("A person shadow-boxes alone", "Someone trains punches in the air")
    return plot.tell(
        "shadow boxing", [trains, *plot.bystanders(2, spare=spot)], captions, actors=[trains]
    )
