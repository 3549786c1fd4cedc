"""Scenes in which nothing is wrong: nobody there, shadows, children and balls."""

from math import cos, pi, sin

from vau_agent.training.scenes.moves import throwing
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot
from vau_agent.training.scenes.shapes import Face, Shape
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.things import Prop, ball
from vau_agent.training.scenes.tracks import Key, still, toward, track


def empty(plot: Plot) -> Drama:
    """Tell of a place where nobody is, or hardly anybody."""
    captions = ("The scene is empty", "Nobody is there", "Nothing moves")
    return plot.tell("empty", plot.traffic(0.1), captions)


def shadows(plot: Plot) -> Drama:
    """Tell of shadows of leaves or clouds that move over the ground."""
    players: list[Player] = []
    for _ in range(int(plot.rng.integers(1, 5))):
        x, y = plot.spot(0.2)
        size, rate, shift = plot.between(0.4, 1.6), plot.between(0.2, 0.8), plot.between(0, 6)
        drift, far = plot.pick(0.0, plot.between(-0.8, 0.8)), plot.between(0.1, 0.5)
        dark = int(plot.between(34, 80))

        def draw(
            timestamp: float,
            at: tuple[float, float] = (x, y),
            how: tuple[float, ...] = (size, rate, shift, drift, far, dark),
        ) -> list[Shape]:
            return [_patch(timestamp, at, how)]

        players.append(Prop(name="shadow", draw=draw))
    captions = ("Shadows move over the ground", "Only shadows move", "Shadows of leaves move")
    return plot.tell("shadows", [*players, *plot.bystanders(2)], captions)


def _patch(timestamp: float, at: tuple[float, float], how: tuple[float, ...]) -> Face:
    size, rate, shift, drift, far, dark = how
    sway = far * sin(2 * pi * rate * timestamp + shift)
    x, y = at[0] + sway + drift * timestamp, at[1] + 0.4 * sway
    rim = []
    for k in range(9):
        angle = 2 * pi * k / 9
        reach = size * (0.8 + 0.25 * sin(3 * angle + shift + 0.5 * sway))
        rim.append((x + reach * cos(angle), y + 0.6 * reach * sin(angle), 0.01))
    grey = int(dark)
    return Face(tuple(rim), (grey, grey, grey), "shadow")


def play(plot: Plot) -> Drama:
    """Tell of people, often children, who run about with a ball."""
    count = plot.pick(2, 2, 3, 4)
    children = plot.chance(0.6)
    spots = [plot.spot(0.6) for _ in range(count)]
    ways: list[list[Key]] = [[(-3.0, *spot)] for spot in spots]
    kicks: list[Key] = []
    t, holder = -2.0, 0
    while t < plot.duration_s + 2:
        x, y = ways[holder][-1][1:]
        kicks.append((t, x, y))
        receiver = (holder + int(plot.rng.integers(1, count))) % count
        t += plot.between(0.8, 2.0)
        ways[receiver].append((t, *plot.near(ways[receiver][-1][1:], 0.3, 1.6)))
        holder = receiver
    people: list[Person] = []
    for keys in ways:
        body = plot.body(child=children)
        people.append(plot.person(track(keys, inertia_s=0.5), body=body))
    radius = plot.between(0.11, 0.16)
    colour = plot.pick((220, 220, 215), (200, 60, 40), (230, 180, 40), (60, 90, 180))
    toy = ball(plot.name("ball"), track(kicks, inertia_s=0.1), radius, colour, plot.between(0, 0.9))
    who = "Children" if children else "People"
    captions = (
        f"{who} play with a ball",
        f"{who} kick a ball to each other",
        f"{who} play together",
    )
    return plot.tell("play", [*people, toy, *plot.bystanders(2)], captions, actors=people)


def tag(plot: Plot) -> Drama:
    """Tell of children who chase each other for fun, in circles."""
    centre, count = plot.spot(1.2), plot.pick(2, 2, 3, 4)
    radius = min(plot.between(0.8, 1.8), plot.area.width / 3, plot.area.depth / 2.2)
    pace, turn = plot.between(1.8, 3.0), plot.pick(-1, 1)
    people: list[Person] = []
    for index in range(count):
        keys: list[Key] = []
        t, angle = -2.0, -turn * 0.9 * index
        while t < plot.duration_s + 1:
            wobble = radius * plot.between(0.7, 1.2)
            spot = plot.inside((centre[0] + wobble * cos(angle), centre[1] + wobble * sin(angle)))
            keys.append((t, *spot))
            angle += turn * 0.5
            t += 0.5 * radius / pace * plot.between(0.85, 1.2)
        people.append(plot.person(track(keys), body=plot.body(child=plot.chance(0.85))))
    captions = ("Children chase each other in play", "Children run in circles", "Children play tag")
    return plot.tell("tag", [*people, *plot.bystanders(2)], captions, actors=people)


def catch(plot: Plot) -> Drama:
    """Tell of two people who throw something to each other."""
    one = plot.spot(0.6)
    two = plot.near(one, 1.8, 4.0)
    people = []
    throws: list[tuple[float, int]] = []
    t, side = plot.between(-2, 0.5), 0
    while t < plot.duration_s:
        throws.append((t, side))
        side = 1 - side
        t += plot.between(1.8, 3.5)
    for index, (spot, other) in enumerate(((one, two), (two, one))):
        acts = [
            Act(start=at, end=at + 1.2, motion=throwing(plot.rng), ease_s=0.2)
            for at, who in throws
            if who == index
        ]
        people.append(plot.person(still(*spot, toward(*spot, *other)), acts))
    keys: list[Key] = []
    for at, who in throws:
        first, last = (one, two) if who == 0 else (two, one)
        keys += [(at + 0.55, *first), (at + 1.25, *last)]
    toy = ball(
        plot.name("ball"), track(keys or [(0, *one)], inertia_s=0.05), 0.12, (220, 90, 50), 0.6
    )
    captions = ("Two people throw a ball to each other", "Two people play catch")
    return plot.tell("catch", [*people, toy, *plot.bystanders(2)], captions, actors=people)
