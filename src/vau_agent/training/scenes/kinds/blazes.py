"""Fires and explosions, and lights, steam and dust that are none."""

from math import inf, pi, sin

from vau_agent.training.scenes.blasts import Blast, Blaze
from vau_agent.training.scenes.kinds.parts import onlooker, runner_away
from vau_agent.training.scenes.moves import cowering, fall
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import CAR_WIDTH, DRIVABLE, Plot, Spot
from vau_agent.training.scenes.shapes import Colour, Face, Shape, Smoke
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.things import Prop, barrel, block, heap, table
from vau_agent.training.scenes.tracks import still, track
from vau_agent.training.scenes.vehicles import Car, draw_make


def _witnesses(plot: Plot, danger: Spot, at: float, most: int) -> list[Person]:
    """Cast people of whom some flee from `danger`, some back off and some go on."""
    people: list[Person] = []
    for _ in range(int(plot.rng.integers(0, most + 1))):
        kind = plot.rng.random()
        if kind < 0.45:
            people.append(runner_away(plot, plot.spot(), danger, at + plot.between(0.2, 2.0)))
        elif kind < 0.75:
            people.append(onlooker(plot, danger, at + plot.between(0.3, 2.0)))
        else:
            people.append(plot.walker())
    return people


def fire(plot: Plot) -> Drama:
    """Tell of something that catches fire and burns."""
    start, end = plot.span(5.0, 40.0)
    spot = plot.spot(0.9)
    size = plot.between(0.5, 1.1) if plot.area.width < 5 else plot.between(0.6, 2.0)
    what, players, bottom = _fuel(plot, spot)
    if what == "car":
        size, bottom = plot.between(1.2, 2.2), 0.9
    lasting = plot.chance(0.75)
    blaze = Blaze(
        plot,
        plot.name("fire"),
        spot,
        start=start,
        end=inf if lasting else end,
        grow_s=plot.pick(plot.between(0.6, 2.0), plot.between(2, 8)),
        size=size,
        bottom=bottom,
        smoky=plot.pick(0.0, 0.6, 1.0, 1.0),
    )
    players.append(blaze)
    captions = {
        "car": ("A car burns", "A car catches fire", "Flames come out of a car"),
        "bin": ("A litter bin burns", "A bin catches fire", "Flames rise from a bin"),
        "table": ("Furniture burns", "A fire breaks out on a table"),
        "heap": ("A heap of things burns", "A fire breaks out and grows", "Flames and smoke rise"),
        "floor": ("A fire burns on the ground", "Flames spread on the floor"),
    }[what]
    return plot.tell(
        "fire",
        [*players, *_witnesses(plot, spot, start + 1, 3), *plot.traffic(0.1)],
        (*captions, "Something burns with open flames"),
        actors=[blaze.name],
        category="fire",
        span=(start, inf if lasting else end + 2.0),
        risk=2,
        cause=plot.pick("an accident", "a fault", "an open flame"),
    )


def _fuel(plot: Plot, spot: Spot) -> tuple[str, list[Player], float]:
    """Return what burns, its solids and how high the fire begins."""
    drives = plot.place in DRIVABLE and plot.area.width >= CAR_WIDTH
    what = plot.pick("bin", "heap", "floor", "table", *(("car", "car") if drives else ()))
    if what == "car":
        car = Car(
            name=plot.name("car"), make=draw_make(plot.rng), way=still(*spot, plot.pick(0.0, pi))
        )
        return what, [car], 0.9
    if what == "bin":
        colour: Colour = plot.pick((60, 84, 62), (70, 72, 76))
        return what, [barrel(plot.name("bin"), lambda _: ((*spot, 0.0), 0.0), colour)], 0.85
    if what == "table":
        return what, [table(plot.name("table"), *spot, (1.1, 0.7), (130, 100, 70))], 0.75
    if what == "heap":
        return what, [heap(plot.rng, plot.name("heap"), *spot)], 0.2
    return what, [], 0.0


def arson(plot: Plot) -> Drama:
    """Tell of somebody who lights a thing and makes off; the fire is what is reported."""
    start, _ = plot.span(5.0, 30.0, sudden=True)
    spot, side = plot.spot(0.9), plot.pick(-1, 1)
    what, players, bottom = _fuel(plot, spot)
    at = (spot[0] - side * (1.4 if what == "car" else 0.7), spot[1] - 0.2)
    keys = [*plot.arrive(at, start - 2.0), (start + 0.3, *at)]
    keys += plot.leave(at, start + 0.5, plot.between(2.6, 4.2))
    person = plot.person(track(keys, looks=[plot.facing(at, spot, start - 2, start + 0.3)]))
    size = plot.between(0.6, 1.6)
    blaze = Blaze(
        plot,
        plot.name("fire"),
        spot,
        start=start,
        grow_s=plot.between(1, 5),
        size=size,
        bottom=bottom,
    )
    captions = (
        "A person sets a fire and runs away",
        "Someone lights a fire and leaves",
    )
    return plot.tell(
        "set a fire",
        [*players, blaze, person, *plot.bystanders(2, spare=spot)],
        captions,
        actors=[person, blaze.name],
        category="fire",
        span=(start, inf),
        risk=2,
        cause="a person sets a fire",
    )


def explosion(plot: Plot) -> Drama:
    """Tell of an explosion: a flash, a fireball, smoke, people who flee or fall."""
    at, _ = plot.span(3.0, 8.0, sudden=True)
    spot = plot.spot(0.8)
    size = plot.between(0.7, 1.4) if plot.area.width < 5 else plot.between(0.9, 2.4)
    what, players, bottom = _fuel(plot, spot)
    blast = Blast(plot, plot.name("explosion"), spot, at=at, size=size)
    players.append(blast)
    burns = plot.chance(0.4)
    if burns:
        rest = plot.between(0.5, 1.1)
        players.append(
            Blaze(
                plot, plot.name("fire"), spot, start=at + 0.3, grow_s=1.0, size=rest, bottom=bottom
            )
        )
    people: list[Person] = []
    for _ in range(int(plot.rng.integers(0, 5))):
        place = plot.near(spot, 1.5, 5.0)
        kind = plot.rng.random()
        if kind < 0.6:
            people.append(runner_away(plot, place, spot, at + plot.between(0.1, 0.8)))
        elif kind < 0.8:
            motion, _ = fall(plot.rng)
            people.append(plot.person(still(*place), [Act(start=at, motion=motion, ease_s=0.08)]))
        else:
            act = Act(start=at + 0.15, motion=cowering(plot.rng), ease_s=0.3)
            people.append(plot.person(still(*place), [act]))
    captions = (
        "Something explodes with a flash and smoke",
        "An explosion fills the scene with smoke",
        "A car explodes" if what == "car" else "A sudden explosion throws debris around",
        "A blast makes people flee" if people else "A blast goes off",
    )
    return plot.tell(
        "explosion",
        [*players, *people],
        captions,
        actors=[blast.name, *people],
        category="explosion",
        span=(at - 0.05, inf if burns else blast.clears),
        risk=2,
        cause=plot.pick("a gas leak", "a bomb", "an unknown cause"),
    )


def steam(plot: Plot) -> Drama:
    """Tell of steam, exhaust or dust that rises from the ground."""
    start, end = plot.span(3.0, 20.0)
    spot = plot.spot()
    grey = int(plot.between(170, 235))
    shifts = plot.rng.uniform(0, 1, (6, 2)).tolist()
    size = plot.between(0.3, 0.8)

    def draw(timestamp: float) -> list[Shape]:
        puffs: list[Shape] = []
        for shift, wide in shifts:
            life = (0.35 * timestamp + shift) % 1
            if start < timestamp - life / 0.35 < end:
                centre = (spot[0] + 1.2 * life * (wide - 0.3), spot[1], 0.2 + 1.6 * life)
                density = 0.3 * (1 - life)
                puffs.append(Smoke(centre, size * (0.4 + life), density, (grey, grey, grey)))
        return puffs

    captions = ("Steam rises from the ground", "A little steam drifts by")
    return plot.tell("steam", [Prop(name="steam", draw=draw), *plot.bystanders(3)], captions)


def red_cloth(plot: Plot) -> Drama:
    """Tell of a red or orange flag, coat or light that moves in the wind."""
    x, y = plot.spot()
    rate, shift = plot.between(0.6, 1.4), plot.between(0, 6)
    colour: Colour = plot.pick((220, 90, 30), (210, 40, 30), (230, 170, 40))

    def draw(timestamp: float) -> list[Shape]:
        solids: list[Shape] = []
        for k in range(5):
            one, two = (
                0.12 * j * sin(2 * pi * rate * timestamp - 0.9 * j + shift) for j in (k, k + 1)
            )
            solids += _strip(x + 0.22 * k, y, one, two, colour)
        return [*block((x - 0.05, y), (0.06, 0.06, 2.6), (90, 90, 92)), *solids]

    captions = ("A flag waves in the wind", "A bright cloth moves in the wind")
    flag = Prop(name="flag", draw=draw)
    return plot.tell("flag", [flag, *plot.bystanders(3), *plot.traffic(0.3)], captions)


def _strip(x: float, y: float, one: float, two: float, colour: Colour) -> list[Shape]:
    low, high = 1.8, 2.55
    corners = (
        (x, y + one, low),
        (x + 0.22, y + two, low),
        (x + 0.22, y + two, high),
        (x, y + one, high),
    )
    return [Face(corners, colour, "flag")]
