"""Parts that several kinds of story share: people who flee or look, broken bits."""

from collections.abc import Callable
from math import hypot

import numpy as np

from vau_agent.training.scenes.moves import cowering
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.shapes import Ball, Colour, Point, Shape
from vau_agent.training.scenes.tracks import Key, track


def runner_away(plot: Plot, spot: Spot, danger: Spot, at: float) -> Person:
    """Cast somebody who walks or stands about and from `at` on runs away from `danger`."""
    speed = plot.between(3.0, 5.2)
    side = 1 if spot[0] >= danger[0] else -1
    if plot.chance(0.12):
        side = -side
    keys: list[Key] = []
    if plot.chance(0.5):
        before = plot.near(spot, 1.0, 3.0)
        keys = [(at - plot.between(2, 4), *before)]
    keys.append((at, *spot))
    away_y = spot[1] + (spot[1] - danger[1]) * plot.between(0.3, 1.5)
    exit_x, _ = plot.outside(side)
    bend = ((spot[0] + exit_x) / 2, (spot[1] + away_y) / 2 + plot.between(-0.5, 0.5))
    keys += plot.walk((spot, bend, (exit_x, max(0.5, away_y))), at + 0.05, speed)
    acts = []
    if plot.chance(0.15):
        acts.append(Act(start=at, end=at + plot.between(0.5, 1.2), motion=cowering(plot.rng)))
    look = plot.facing(spot, danger, at - 0.2, at + 0.1)
    return plot.person(track(keys, looks=[look], inertia_s=0.3), acts)


def onlooker(plot: Plot, danger: Spot, at: float) -> Person:
    """Cast somebody who stops and backs off from `danger` slowly, watching."""
    first = plot.near(danger, 1.5, 3.5)
    away = plot.inside((2 * first[0] - danger[0], 2 * first[1] - danger[1]))
    way = track(
        [
            (at + 0.5, *first),
            (at + 0.5 + hypot(away[0] - first[0], away[1] - first[1]) / 1.3, *away),
        ],
        looks=[plot.facing(first, danger, at)],
    )
    return plot.person(way)


def scatter(
    rng: np.random.Generator, name: str, spot: Point, colour: Colour, at: float
) -> Callable[[float], list[Shape]]:
    """Return bits that fly off a thing at `at` and lie about afterwards."""
    speeds = rng.uniform(-2.2, 2.2, (9, 2)).tolist()
    lifts = rng.uniform(0.5, 3.0, 9).tolist()

    def draw(timestamp: float) -> list[Shape]:
        since = timestamp - at
        if since < 0:
            return []
        bits: list[Shape] = []
        for (vx, vy), lift in zip(speeds, lifts, strict=True):
            high = spot[2] + lift * since - 4.9 * since * since
            flying = min(since, 0.2 * lift + 0.25)
            bits.append(
                Ball(
                    (spot[0] + vx * flying, spot[1] + 0.6 * vy * flying, max(0.04, high)),
                    0.05,
                    colour,
                    name,
                )
            )
        return bits

    return draw
