"""Ordinary traffic: passing, parking, crossing, cycling, headlights."""

from math import inf, pi, sin

from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.shapes import Colour, Flash, Shape
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.things import Prop
from vau_agent.training.scenes.tracks import Key, track
from vau_agent.training.scenes.vehicles import Car, Cyclist, draw_make

FRAMES: tuple[Colour, ...] = ((180, 40, 40), (40, 60, 120), (30, 30, 32), (210, 210, 205))


def drive(plot: Plot, keys: list[Key], hit: float = inf, inertia: float = 0.5) -> Car:
    """Cast a car that keeps its direction; its front is dented from `hit` on."""
    return Car(
        name=plot.name("car"),
        make=draw_make(plot.rng),
        way=track(keys, inertia_s=inertia),
        lights=(-inf, inf) if plot.night or plot.chance(0.1) else None,
        crumpled_at=hit,
    )


def park(plot: Plot) -> Drama:
    """Tell of a car that slows down, parks, and whose driver may walk away."""
    stop, _ = plot.span(2, 4)
    stop = max(stop, 0.5)
    spot, side = plot.spot(1.2), plot.pick(-1, 1)
    lane = spot[1] + plot.pick(-1, 1) * plot.between(0.0, 1.6)
    speed = plot.between(2.5, 6)
    keys: list[Key] = [
        (stop - 8, *_behind(spot, side, speed * 6.2, lane)),
        (stop - 2.4, spot[0] - side * 3.4, lane),
    ]
    keys += [(stop - 1.0, spot[0] - side * 0.9, (lane + spot[1]) / 2), (stop, *spot)]
    car = drive(plot, keys, inertia=1.2)
    players: list[Player] = [car]
    out = stop + plot.between(1.5, 4)
    if plot.chance(0.5):
        door = (spot[0], spot[1] + plot.pick(-1.15, 1.15))
        driver = plot.person(track(plot.leave(door, out + 0.5, 1.3)), present=(out, inf))
        players.append(driver)
    captions = (
        "A car parks",
        "A car slows down and stops",
        "A driver parks a car" + (" and walks away" if len(players) > 1 else ""),
    )
    return plot.tell("park", [*players, *plot.bystanders(3)], captions, actors=[car])


def _behind(spot: Spot, side: int, far: float, y: float) -> Spot:
    return spot[0] - side * (far + 3.4), y


def passing(plot: Plot) -> Drama:
    """Tell of cars that pass, some closely or fast, and brake or wait."""
    cars: list[Car] = []
    for index in range(int(plot.rng.integers(1, 5))):
        side = plot.pick(-1, 1)
        lane = (
            plot.area.y_min
            + plot.area.depth * (0.35 if side > 0 else 0.75)
            + plot.between(-0.3, 0.3)
        )
        speed, start = plot.between(3, 10), plot.between(-2, plot.duration_s * 0.9) + index * 0.3
        keys = plot.walk((plot.far(-side, lane), plot.far(side, lane)), start, speed)
        if plot.chance(0.25):
            middle = plot.between(plot.area.x_min, plot.area.x_max)
            arrive = plot.walk((plot.far(-side, lane), (middle, lane)), start, speed)
            wait = arrive[-1][0] + plot.between(1, 4)
            keys = [
                *arrive,
                (wait, middle, lane),
                *plot.walk(((middle, lane), plot.far(side, lane)), wait + 0.5, speed),
            ]
        cars.append(drive(plot, keys, inertia=1.0))
    captions = (
        ("Cars pass by", "Ordinary traffic passes", "Cars drive along")
        if len(cars) > 1
        else ("A car drives past", "A car passes by")
    )
    return plot.tell("traffic", [*cars, *plot.bystanders(2)], captions, actors=cars)


def cross_road(plot: Plot) -> Drama:
    """Tell of people who cross in front of a car that waits for them."""
    start, _ = plot.span(3, 8)
    start = max(start, 0.0)
    spot, side = plot.spot(1.0), plot.pick(-1, 1)
    waits = (spot[0] - side * plot.between(3.2, 4.2), spot[1])
    speed = plot.between(4, 8)
    go = start + plot.between(3, 5)
    keys: list[Key] = [
        (start - 6, waits[0] - side * speed * 5, spot[1]),
        (start, *waits),
        (go, *waits),
    ]
    keys += plot.walk((waits, plot.far(side, spot[1])), go + 0.4, speed)
    car = drive(plot, keys, inertia=1.3)
    people = []
    for _ in range(plot.pick(1, 1, 2, 3)):
        up, pace, x = plot.pick(-1, 1), plot.between(1.0, 2.0), spot[0] + plot.between(-0.5, 0.5)
        at = start + plot.between(0.4, 1.5)
        ways = [(at - 3, x, spot[1] - up * pace * 3), (at + 4, x, spot[1] + up * pace * 4)]
        people.append(plot.person(track(ways)))
    captions = (
        "People cross the road while a car waits",
        "A car stops for people who cross",
        "A car lets a pedestrian cross",
    )
    return plot.tell(
        "cross the road", [car, *people, *plot.bystanders(2)], captions, actors=[car, *people]
    )


def cycle(plot: Plot) -> Drama:
    """Tell of cyclists who ride through."""
    riders: list[Cyclist] = []
    for _ in range(plot.pick(1, 1, 2, 3)):
        side, speed = plot.pick(-1, 1), plot.between(2.5, 6)
        spots = [plot.outside(-side), plot.spot(), plot.outside(side)]
        keys = plot.walk(spots, plot.between(-1.5, plot.duration_s * 0.8), speed)
        riders.append(
            Cyclist(
                name=plot.name("cyclist"),
                body=plot.body(),
                way=track(keys, inertia_s=0.9),
                frame=plot.pick(*FRAMES),
            )
        )
    captions = (
        ("A cyclist rides past", "Someone rides a bicycle through")
        if len(riders) == 1
        else ("Cyclists ride past", "People ride bicycles")
    )
    return plot.tell(
        "cycle",
        [*riders, *plot.bystanders(3), *plot.traffic(0.3)],
        captions,
        actors=[one.name for one in riders],
    )


def headlights(plot: Plot) -> Drama:
    """Tell of headlights or a lamp that sweep over the scene, or flash on."""
    start, end = plot.span(1.5, 8)
    side = plot.pick(-1, 1)
    y = plot.area.y_max + plot.between(0.3, 2.5)
    players: list[Player] = []
    if plot.chance(0.6) and plot.area.width >= 4:
        keys = plot.walk((plot.far(-side, y), plot.far(side, y)), start, plot.between(3, 8))
        players.append(
            Car(
                name=plot.name("car"), make=draw_make(plot.rng), way=track(keys), lights=(-inf, inf)
            )
        )
        captions: tuple[str, ...] = (
            "A car passes with its headlights on",
            "Headlights move through the scene",
        )
    else:
        spot, power, rate = (
            plot.spot(),
            plot.between(0.3, 1.1),
            plot.pick(0.0, plot.between(0.5, 3)),
        )

        def draw(timestamp: float) -> list[Shape]:
            on = 1.0 if rate == 0 else float(sin(2 * pi * rate * timestamp) > 0)
            colour: Colour = (255, 240, 205)
            return [Flash((*spot, 2.4), 2.5, power * on, colour)] if on else []

        players.append(Prop(name="lamp", draw=draw, present=(start, end)))
        captions = (
            ("A lamp is switched on", "A light flashes")
            if rate == 0
            else ("A lamp blinks", "A light flickers")
        )
    return plot.tell("headlights", [*players, *plot.bystanders(3)], captions, actors=[])
