"""The kinds of scenes: nine with an event, ten hard normal ones."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from vau_agent.schemas import Segment
from vau_agent.tools.video.scenes import effects, people
from vau_agent.tools.video.scenes.canvas import build_background, person_share
from vau_agent.tools.video.scenes.people import Path
from vau_agent.tools.video.scenes.scene import Actor, Scene, Script, build_noise
from vau_agent.tools.video.scenes.stage import Stage, box_between
from vau_agent.tools.video.scenes.things import Blast, Car, Fire, Luggage


def _meeting_pair(stage: Stage, x: float, y: float, at: float, *, gap: float) -> tuple[Path, Path]:
    """Two people who come from both sides and stand face to face at `at`."""
    half = gap * person_share(y, stage.horizon) / stage.aspect / 2
    walk = 0.75 / stage.pace(y)
    left = Path([(at - walk, x - 0.75 - half, y), (at, x - half, y)])
    right = Path([(at - walk, x + 0.75 + half, y), (at, x + half, y)])
    return left, right


def _fighting(stage: Stage) -> Script:
    x, y = stage.between(0.35, 0.65), stage.between(0.82, 0.93)
    start = stage.moment()
    end = start + max(2.0, 0.25 * stage.duration_s)
    left, right = _meeting_pair(stage, x, y, start, gap=0.42)
    pair = [
        stage.person(path, people.fighting(start, end, seed=stage.seed())) for path in (left, right)
    ]
    event = stage.event("fighting", start, end, stage.around(x, y, wide=1.5))
    return Script(actors=(*stage.passers(1), *pair), events=(event,))


def _fall(stage: Stage) -> Script:
    x, y = stage.between(0.3, 0.6), stage.between(0.8, 0.93)
    start, side = stage.moment(), int(stage.rng.choice((-1, 1)))
    walk = Path([(start - (x + 0.2) / stage.pace(y), -0.2, y), (start, x, y)])
    victim = stage.person(walk, people.falling(start, seconds=0.7, side=side))
    reach = person_share(y, stage.horizon) / stage.aspect
    event = stage.event("fall", start, start + 4.0, stage.around(x + side * reach / 2, y, wide=1.6))
    return Script(actors=(victim,), events=(event,))


def _fire(stage: Stage) -> Script:
    x, y = stage.between(0.2, 0.8), stage.between(0.7, 0.85)
    start, reach = stage.moment(0.25, 0.4), stage.between(0.28, 0.45)
    fire = Fire(x=x, y=y, start=start, grown=0.4 * stage.duration_s, reach=reach, seed=stage.seed())
    half = 0.6 * reach / stage.aspect
    box = box_between(x - half, y - 2 * reach, x + half, y + 0.02)
    event = stage.event("fire", start, stage.duration_s, box)
    return Script(actors=(fire, *stage.passers(1)), events=(event,))


def _explosion(stage: Stage) -> Script:
    x, y, start = stage.between(0.3, 0.7), stage.between(0.7, 0.85), stage.moment()
    blast = Blast(x=x, y=y, start=start, seed=stage.seed())
    box = box_between(x - 0.35, y - 0.6, x + 0.35, y + 0.1)
    event = stage.event("explosion", start, start + 3.0, box)
    light = effects.flash(start, seconds=0.5, strength=190)
    return Script(actors=(*stage.passers(1), blast), effects=(light,), events=(event,))


def _road_accident(stage: Stage) -> Script:
    x, y, start = stage.between(0.4, 0.6), stage.between(0.58, 0.66), stage.moment()
    length = 1.2 * person_share(y, stage.horizon) / stage.aspect
    speed = stage.pace(y, times=5)
    drive = (0.8 + length) / speed
    left = Path([(start - drive, x - 0.8 - 2 * length, y), (start, x - length, y)])
    right = Path([(start - drive, x + 0.8 + 2 * length, y), (start, x + length, y)])
    cars = (
        Car(path=left, colour=stage.colour(), tilted_from=start),
        Car(path=right, colour=stage.colour(), tilted_from=start, side=-1),
    )
    event = stage.event("road accident", start, start + 3.0, stage.around(x, y, wide=5.2, high=1.4))
    return Script(actors=cars, events=(event,))


def _left_or_taken(stage: Stage, *, left: bool) -> Script:
    """Someone walks up to a spot, stays for a second and goes on; a case is left or taken."""
    x, y, at = stage.between(0.35, 0.65), stage.between(0.75, 0.88), stage.moment(0.3, 0.4)
    pace, hand = stage.pace(y), 0.3 * person_share(y, stage.horizon) / stage.aspect
    stop = x - hand
    path = Path(
        [
            (at - 0.5 - (stop + 0.2) / pace, -0.2, y),
            (at - 0.5, stop, y),
            (at + 0.5, stop, y),
            (at + 0.5 + (stop + 0.2) / pace, -0.2, y),
        ]
    )
    end = stage.duration_s
    shown = Segment(start=at, end=end + 1) if left else Segment(start=0, end=at)
    case = Luggage(x=x, y=y, shown=shown, colour=(38, 40, 52))
    category = "abandoned object" if left else "object removed"
    event = stage.event(category, at, end, stage.around(x, y, wide=0.5, high=0.55))
    return Script(actors=(case, stage.person(path)), events=(event,))


def _crowd_panic(stage: Stage) -> Script:
    start, gone = stage.moment(), 0.0
    crowd: list[Actor] = []
    for y in np.sort(stage.rng.uniform(stage.horizon + 0.2, 0.92, 11)):
        row, x = float(y), stage.between(0.2, 0.8)
        there = x + stage.between(-0.04, 0.04) * start
        away = there + (2 if there > 0.5 else -2)
        pace = stage.pace(row, times=stage.between(2.5, 3.8))
        path = Path([(0, x, row), (start, there, row), (start + 2 / pace, away, row)])
        gone = max(gone, (0.6 - abs(there - 0.5)) / pace)
        crowd.append(stage.person(path))
    event = stage.event(
        "crowd panic", start, start + gone, box_between(0, stage.horizon - 0.1, 1, 1)
    )
    return Script(actors=tuple(crowd), events=(event,))


def _unusual_motion(stage: Stage) -> Script:
    y, start = stage.between(0.78, 0.88), stage.moment()
    tall = person_share(y, stage.horizon)
    outside = 0.55 * tall / stage.aspect
    ride = (1 + 2 * outside) / stage.pace(y, times=3)
    path = Path([(start, -outside, y), (start + ride, 1 + outside, y)])
    box = box_between(0, y - 1.3 * tall, 1, y + 0.05)
    event = stage.event("unusual motion", start, start + ride, box)
    actors = (*stage.passers(4), stage.person(path, wheels=True))
    return Script(actors=actors, events=(event,))


def _sitting_down(stage: Stage) -> Script:
    x, y, at = stage.between(0.3, 0.7), stage.between(0.8, 0.92), stage.moment()
    walk = Path([(at - (x + 0.2) / stage.pace(y), -0.2, y), (at, x, y)])
    return Script(actors=(stage.person(walk, people.sitting(at, seconds=1.8)),))


def _meeting(stage: Stage) -> Script:
    x, y, at = stage.between(0.35, 0.65), stage.between(0.8, 0.92), stage.moment()
    paths = _meeting_pair(stage, x, y, at, gap=0.3)
    pair = tuple(
        stage.person(path, people.embracing(at, at + 4, side=side))
        for path, side in zip(paths, (1, -1), strict=True)
    )
    return Script(actors=pair)


def _parking(stage: Stage) -> Script:
    y, at = stage.between(0.6, 0.68), stage.moment()
    x, speed = stage.between(0.4, 0.7), stage.pace(y, times=2)
    slow = at + 0.2 / (0.4 * speed)
    path = Path([(at - (x + 0.3) / speed, -0.5, y), (at, x - 0.2, y), (slow, x, y)])
    return Script(actors=(Car(path=path, colour=stage.colour()),))


SCENE_KINDS: Final[Mapping[str, Callable[[Stage], Script]]] = {
    "fighting": _fighting,
    "fall": _fall,
    "fire": _fire,
    "explosion": _explosion,
    "road accident": _road_accident,
    "abandoned object": lambda stage: _left_or_taken(stage, left=True),
    "object removed": lambda stage: _left_or_taken(stage, left=False),
    "crowd panic": _crowd_panic,
    "unusual motion": _unusual_motion,
    "walking": lambda stage: Script(actors=stage.passers(3)),
    "empty": lambda stage: Script(),
    "light switched on": lambda stage: Script(
        actors=stage.passers(1), effects=(effects.light_switched_on(stage.moment(), before=0.45),)
    ),
    "headlights": lambda stage: Script(effects=(effects.headlights(stage.moment(), seconds=2.5),)),
    "rain": lambda stage: Script(
        actors=stage.passers(1), effects=(effects.rain(drops=90, seed=stage.seed()),)
    ),
    "camera shake": lambda stage: Script(
        actors=stage.passers(1),
        effects=(effects.shake(start := stage.moment(), start + 4, pixels=3),),
    ),
    "sitting down": _sitting_down,
    "meeting": _meeting,
    "parking": _parking,
    "camera cut": lambda stage: Script(actors=stage.passers(1), cut_at=stage.moment()),
}
"""Every kind by name; one that shows an event carries the name of its category."""

OUTDOORS: Final = frozenset(
    {"explosion", "road accident", "unusual motion", "headlights", "rain", "parking"}
)


def build_scene(
    kind: str,
    *,
    seed: int,
    duration_s: float = 20.0,
    size: tuple[int, int] = (320, 240),
    fps: float = 15.0,
    clock: bool = False,
) -> Scene:
    """Build a scene of a kind; the same arguments give the same pixels.

    Args:
        kind: One of `SCENE_KINDS`.
        seed: Varies place, view, clothes and times.
        duration_s: Length in seconds; 8 or more leaves an event room to end.
        size: Width and height.
        fps: Constant frame rate.
        clock: Whether the time of day is written into the picture.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind not in SCENE_KINDS:
        raise ValueError(f"unknown kind of scene {kind!r}; choose from {', '.join(SCENE_KINDS)}")
    rng = np.random.default_rng((seed, list(SCENE_KINDS).index(kind)))
    horizon = float(rng.uniform(0.3, 0.42))
    backgrounds = tuple(
        build_background(size, horizon=horizon, outdoors=kind in OUTDOORS, rng=rng)
        for _ in range(2)
    )
    noise = build_noise(size, strength=float(rng.uniform(1.5, 4)), rng=rng)
    stage = Stage(rng=rng, duration_s=duration_s, horizon=horizon, aspect=size[0] / size[1])
    return Scene(
        name=f"{kind} {seed}",
        size=size,
        fps=fps,
        duration_s=duration_s,
        seed=seed,
        script=SCENE_KINDS[kind](stage),
        backgrounds=backgrounds,
        horizon=horizon,
        noise=noise,
        clock=clock,
    )
