"""Crowds: panic, and people who jog, queue, walk together or wait."""

from math import cos, inf, pi, sin

from vau_agent.training.scenes.kinds.parts import runner_away
from vau_agent.training.scenes.moves import cowering, fall, get_up_s, hold
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import PHONE, STAND, Pose
from vau_agent.training.scenes.story import Drama
from vau_agent.training.scenes.tracks import Key, toward, track


def panic(plot: Plot) -> Drama:
    """Tell of many people who suddenly run apart, or all one way."""
    start, _ = plot.span(4.0, 8.0, sudden=True)
    together = plot.chance(0.35)
    side = plot.pick(-1, 1)
    danger = plot.outside(side) if together else plot.spot(0.5)
    count = int(plot.rng.integers(5, 13)) if plot.area.width > 4 else int(plot.rng.integers(4, 8))
    people: list[Person] = []
    for _ in range(count):
        spot = plot.spot(0.2)
        at = start + plot.between(0.0, 0.9)
        if plot.chance(0.12):
            people.append(_delayed(plot, spot, at))
        else:
            people.append(_fleeing(plot, spot, danger, at))
    runs = [person.way for person in people]
    gone = max(way.begins + 0.05 * len(way.samples) for way in runs)
    captions = (
        "Many people suddenly run away in panic",
        "A crowd panics and runs apart" if not together else "A crowd flees in one direction",
        "People flee in all directions" if not together else "People run away from something",
        "A crowd of people suddenly runs",
    )
    return plot.tell(
        "panic",
        people,
        captions,
        actors=people,
        category="crowd panic",
        span=(start, max(start + 2.0, min(gone - 0.6, start + 9.0))),
        risk=2,
        cause=plot.pick("a threat", "a loud noise", "a false alarm"),
    )


def _delayed(plot: Plot, spot: Spot, at: float) -> Person:
    """Cast somebody who falls or cowers first and flees then."""
    if plot.chance(0.5):
        motion, impact = fall(plot.rng, up_after_s=plot.between(0.1, 0.8))
        flees = at + impact + 0.8 + get_up_s()
    else:
        motion, flees = cowering(plot.rng), at + plot.between(1.0, 2.5)
    keys: list[Key] = [(flees, *spot), *plot.leave(spot, flees + 0.1, plot.between(3.0, 4.5))]
    act = Act(start=at, end=flees, motion=motion, ease_s=0.2)
    return plot.person(track(keys, heading=plot.between(0, 2 * pi)), [act])


def _fleeing(plot: Plot, spot: Spot, danger: Spot, at: float) -> Person:
    person = runner_away(plot, spot, danger, at)
    if not plot.chance(0.4):
        return person
    keys = plot.walk((plot.near(spot, 1.5, 3.0), spot), at - plot.between(1.5, 2.6), 1.2)
    last = keys[-1]
    speed = plot.between(3.0, 5.0)
    side = 1 if spot[0] >= danger[0] else -1
    keys += plot.walk((spot, plot.outside(side)), max(at, last[0]) + 0.1, speed)
    return plot.person(track(keys, inertia_s=0.3))


def jog(plot: Plot) -> Drama:
    """Tell of one to five people who jog through at an even pace."""
    side, pace = plot.pick(-1, 1), plot.between(2.4, 3.6)
    middle, y = plot.between(0, plot.duration_s), plot.spot(0.5)[1]
    people: list[Person] = []
    for _ in range(plot.pick(1, 1, 2, 3, 5)):
        first, last = plot.outside(-side, y), plot.outside(side, y + plot.between(-0.8, 0.8))
        shift = (plot.between(-1.5, 1.5), plot.between(-0.6, 0.6))
        way = [
            (first[0] + shift[0], max(0.6, first[1] + shift[1])),
            (last[0] + shift[0], max(0.6, last[1] + shift[1])),
        ]
        begin = middle - (abs(last[0] - first[0]) / pace) / 2
        people.append(plot.person(track(plot.walk(way, begin, pace * plot.between(0.97, 1.03)))))
    one = len(people) == 1
    captions = (
        ("A person jogs through", "Someone runs past for sport")
        if one
        else ("A group of people jogs", "People jog together")
    )
    return plot.tell(
        "jog", [*people, *plot.bystanders(3), *plot.traffic(0.2)], captions, actors=people
    )


def hurry(plot: Plot) -> Drama:
    """Tell of somebody who runs to catch up with a person or out of the rain."""
    at = plot.between(0.2, 0.6) * plot.duration_s
    spot = plot.spot()
    friend_side = plot.pick(-1, 1)
    friend = plot.stander(spot)
    start = plot.outside(friend_side)
    beside = plot.inside((spot[0] + 0.7 * friend_side, spot[1]))
    keys = plot.walk((start, beside), at - 2, plot.between(2.6, 4.0))
    stays = plot.between(0.5, 3)
    keys += plot.walk(
        (beside, plot.outside(-friend_side)), keys[-1][0] + stays, plot.between(1.1, 1.6)
    )
    runs = plot.person(track(keys))
    captions = ("A person runs up to another and stops", "Someone hurries to meet a person")
    return plot.tell("hurry", [friend, runs, *plot.bystanders(3)], captions, actors=[runs, friend])


def queue(plot: Plot) -> Drama:
    """Tell of people who stand in line and move up one by one."""
    count = int(plot.rng.integers(3, 8))
    head = plot.spot(0.8)
    angle, gap = plot.between(0, 2 * pi), plot.between(0.6, 0.9)
    people: list[Person] = []
    times, t = [], plot.between(0.5, 5.0)
    while t < plot.duration_s + 2:
        times.append(t)
        t += plot.between(3, 9)
    for index in range(count):
        place = float(index)
        keys: list[Key] = [
            (-1.0, head[0] + place * gap * cos(angle), head[1] + place * gap * sin(angle))
        ]
        for moved in times:
            if place <= 0:
                keys += plot.leave(keys[-1][1:], max(moved, keys[-1][0] + 0.1), 1.3)
                break
            keys.append((moved + 0.25 * index, *keys[-1][1:]))
            place -= 1
            keys.append(
                (
                    moved + 0.25 * index + 0.8,
                    head[0] + place * gap * cos(angle),
                    head[1] + place * gap * sin(angle),
                )
            )
        acts = [Act(start=-inf, motion=hold(PHONE), arms_only=True)] if plot.chance(0.3) else []
        people.append(plot.person(track(keys, heading=angle + pi), acts))
    captions = ("People wait in a queue", "People stand in line and move up")
    return plot.tell("queue", [*people, *plot.bystanders(2)], captions, actors=people)


def stroll(plot: Plot) -> Drama:
    """Tell of a few or many people who walk about as every day."""
    count = int(plot.rng.integers(1, 9))
    people = [plot.pick(plot.walker, plot.walker, plot.stroller)() for _ in range(count)]
    captions = (
        ("A person walks by", "Someone walks through")
        if count == 1
        else ("People walk by", "People walk in different directions", "People go about their day")
    )
    return plot.tell("walk", [*people, *plot.traffic(0.3)], captions, actors=people)


def gathering(plot: Plot) -> Drama:
    """Tell of people who stand together, talk and move their hands."""
    centre, count = plot.spot(0.9), int(plot.rng.integers(2, 7))
    people: list[Person] = []
    for index in range(count):
        angle = 2 * pi * index / count + plot.between(-0.3, 0.3)
        far = plot.between(0.5, 0.7) + 0.08 * count
        spot = plot.inside((centre[0] + far * cos(angle), centre[1] + far * sin(angle)))
        keys: list[Key] = [(0.0, *spot)]
        if plot.chance(0.3):
            keys = [*plot.arrive(spot, plot.between(0, plot.duration_s))]
        if plot.chance(0.3):
            keys += plot.leave(spot, keys[-1][0] + plot.between(2, 10), 1.3)
        look = plot.facing(spot, centre, keys[0][0], keys[-1][0]) if len(keys) == 1 else None
        way = track(keys, looks=[look] if look else (), heading=toward(*spot, *centre))
        people.append(plot.person(way, _gestures(plot)))
    captions = ("People stand together and talk", "A group of people talks")
    return plot.tell("talk", [*people, *plot.bystanders(2, spare=centre)], captions, actors=people)


def _gestures(plot: Plot) -> list[Act]:
    acts: list[Act] = []
    t = plot.between(-3, 3)
    while t < plot.duration_s:
        length, rate, high = plot.between(0.8, 2.5), plot.between(0.7, 1.5), plot.between(0.4, 1.2)

        def motion(s: float, rate: float = rate, high: float = high) -> Pose:
            beat = sin(2 * pi * rate * s)
            return STAND._replace(right_swing=high + 0.3 * beat, right_elbow=1.2 + 0.3 * beat)

        acts.append(Act(start=t, end=t + length, motion=motion, arms_only=True, ease_s=0.4))
        t += length + plot.between(1, 6)
    return acts
