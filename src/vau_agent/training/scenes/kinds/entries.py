"""Getting in where one may not: intrusion, the held-out burglary; and doors used as they should."""

from collections.abc import Callable
from math import inf, pi

from vau_agent.training.scenes.moves import climbing, hold, reaching_down, smashing
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import COWER, CROUCH, OFFER, TYPE, smooth
from vau_agent.training.scenes.shapes import Colour
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.struggles import kicking
from vau_agent.training.scenes.things import Bag, Prop, barrier, door, fence, held, wall, window
from vau_agent.training.scenes.tracks import Key, toward, track

_METAL: tuple[Colour, ...] = ((120, 124, 128), (60, 66, 62), (150, 150, 146), (70, 56, 46))


def climb_over(plot: Plot) -> Drama:
    """Tell of one or more people who climb over a fence or wall and sneak on."""
    start, _ = plot.span(4.0, 8.0, sudden=True)
    middle, height = plot.spot(1.0), plot.between(1.4, 2.2)
    along_x = plot.chance(0.55)
    solid = plot.chance(0.4)
    half = max(plot.area.width, plot.area.depth) * plot.between(0.6, 1.2)
    name, colour = plot.name("fence"), plot.pick(*_METAL)
    ends = (
        ((middle[0] - half, middle[1]), (middle[0] + half, middle[1]))
        if along_x
        else ((middle[0], middle[1] - half), (middle[0], middle[1] + half))
    )
    obstacle: Player = (wall if solid else fence)(name, ends[0], ends[1], height, colour)
    count = plot.pick(1, 1, 1, 2)
    people, last = [], start
    for index in range(count):
        at = start + index * plot.between(0.8, 2.0)
        person, last = _climber(plot, middle, along_x, index, at, height)
        people.append(person)
    what = "wall" if solid else "fence"
    who = "A person climbs" if count == 1 else "Two people climb"
    captions = (
        f"{who} over a {what}",
        f"{who} over a {what} into a closed area",
        f"{'An intruder gets' if count == 1 else 'Intruders get'} over a {what}",
    )
    return plot.tell(
        "climb over",
        [obstacle, *people, *plot.bystanders(1, spare=middle)],
        captions,
        actors=people,
        category="intrusion",
        span=(start - 0.3, last),
        risk=1,
        cause=f"somebody gets over a {what}",
    )


def _climber(
    plot: Plot, middle: Spot, along_x: bool, index: int, start: float, height: float
) -> tuple[Person, float]:
    """Return somebody who gets over at `start`, and when no more is seen of the intrusion."""
    over = plot.between(2.2, 4.0)
    shift, way_in = index * 0.9 + plot.between(-0.3, 0.3), plot.pick(-1, 1)
    if along_x:
        first = (middle[0] + shift, middle[1] - 0.35 * way_in)
        second = (middle[0] + shift, middle[1] + 0.45 * way_in)
    else:
        first = (middle[0] - 0.35 * way_in, middle[1] + shift)
        second = (middle[0] + 0.45 * way_in, middle[1] + shift)
    keys: list[Key] = []
    if plot.chance(0.7):
        keys = plot.arrive(
            first, start - plot.between(0.2, 1.5), side=-way_in if not along_x else None
        )
    keys += [(start + 0.25 * over, *first), (start + over, *second)]
    sneaks = plot.chance(0.5)
    speed = plot.between(0.8, 1.2) if sneaks else plot.between(1.5, 3.5)
    keys += plot.leave(second, start + over + 0.2, speed, side=way_in if not along_x else None)
    acts = [
        Act(
            start=start,
            end=start + over - 0.1,
            motion=climbing(plot.between(0.8, 1.3), height * 0.8, over),
            ease_s=0.3,
        )
    ]
    if sneaks and plot.chance(0.5):
        stop = start + over + 0.6
        acts.append(Act(start=stop - 0.3, end=stop + 1.2, motion=hold(CROUCH), ease_s=0.4))
    look = (start - 0.3, start + over, toward(*first, *second))
    return plot.person(track(keys, looks=[look]), acts), keys[-1][0] - 0.3


def _doorway(plot: Plot, opened: Callable[[float], float]) -> tuple[Spot, list[Player]]:
    """Return a point in front of a door in a piece of wall, and its solids."""
    x, y = plot.spot(1.0)[0], plot.area.y_max - plot.between(0.0, 0.3)
    stone = plot.pick((140, 132, 120), (116, 120, 126), (150, 120, 100))
    players: list[Player] = [
        wall(plot.name("wall"), (x - 1.6, y + 0.2), (x + 2.6, y + 0.2), 2.7, stone),
        door(
            plot.name("door"), x, y, plot.pick((100, 70, 44), (70, 84, 96), (120, 40, 36)), opened
        ),
    ]
    return (x + 0.45, y - 0.75), players


def force_door(plot: Plot) -> Drama:
    """Tell of somebody who forces a door and slips into a closed area."""
    start, _ = plot.span(3.0, 7.0, sudden=True)
    breaks = start + plot.between(1.2, 4.0)
    front, players = _doorway(plot, lambda t: 0.75 * smooth((t - breaks) / 0.25))
    vanishes = breaks + 1.6
    person = _forcer(plot, front, start, breaks, vanishes)
    if plot.chance(0.5):
        players.append(held(plot.name("crowbar"), person, 0.6, (40, 42, 46), (-inf, vanishes)))
    captions = (
        "A person forces a door and goes in",
        "Someone breaks a door open and enters",
        "An intruder kicks a door open",
    )
    return plot.tell(
        "force a door",
        [*players, person, *plot.bystanders(1, spare=front)],
        captions,
        actors=[person],
        category="intrusion",
        span=(start - 0.2, vanishes + plot.between(0.3, 1.0)),
        risk=1,
        cause="somebody forces a door",
    )


def _forcer(plot: Plot, front: Spot, start: float, breaks: float, vanishes: float) -> Person:
    keys = plot.arrive(front, start - plot.between(0.1, 2.5)) if plot.chance(0.7) else []
    inside = (front[0], front[1] + 0.62)
    keys += [(max(breaks + 0.4, (keys[-1][0] if keys else -9) + 0.1), *front), (vanishes, *inside)]
    make = plot.pick(kicking, kicking, smashing)
    acts = [Act(start=start, end=breaks + 0.1, motion=make(plot.rng), ease_s=0.3)]
    looks = [(start - 0.4, vanishes, pi / 2)]
    return plot.person(track(keys, looks=looks), acts, present=(-inf, vanishes))


def sneak(plot: Plot) -> Drama:
    """Tell of somebody who ducks under a barrier into a closed area and lurks there."""
    start, end = plot.span(5.0, 14.0, sudden=True)
    x, y = plot.spot(1.0)
    near, far = (x, y - 0.5), (x + plot.between(-0.3, 0.3), y + 0.6)
    ducks = COWER._replace(tilt=0.5, bend=0.9)
    keys = [*plot.arrive(near, start), (start + 1.6, *far)]
    lurks: list[Key] = []
    t = start + 2.0
    while t < end - 1.5:
        spot = (x + plot.between(-1.5, 1.5), min(y + plot.between(0.6, 1.8), plot.area.y_max + 0.5))
        t += plot.between(1.4, 2.6)
        lurks += [(t, *spot), (t + plot.between(0.2, 1.5), *spot)]
        t = lurks[-1][0]
    keys += lurks
    keys += plot.leave(keys[-1][1:], max(end, keys[-1][0]) + 0.2, 1.6)
    acts = [Act(start=start, end=start + 1.5, motion=hold(ducks), ease_s=0.4)]
    if plot.chance(0.5):
        acts.append(Act(start=start + 2.2, end=end - 0.5, motion=hold(COWER, 0.08), ease_s=0.5))
    person = plot.person(track(keys, looks=[(start - 0.3, start + 1.6, pi / 2)]), acts)
    captions = (
        "A person ducks under a barrier into a closed area",
        "Someone enters a closed area past a barrier",
        "An intruder sneaks past a barrier",
    )
    return plot.tell(
        "sneak in",
        [barrier(plot.name("barrier"), x, y, plot.area.width), person],
        captions,
        actors=[person],
        category="intrusion",
        span=(start - 0.2, keys[-1][0] - 0.5),
        risk=1,
        cause="somebody ignores a barrier",
    )


def burglary(plot: Plot) -> Drama:
    """Tell of burglars who break a window or door, get in, and come out with loot."""
    start, _ = plot.span(5.0, 12.0, sudden=True)
    breaks = start + plot.between(1.0, 2.5)
    inside_s = plot.between(1.5, 6.0)
    by_window = plot.chance(0.5)
    out = breaks + 2.4 + inside_s
    if by_window:
        x, y = plot.spot(1.0)[0], plot.area.y_max - 0.1
        front: Spot = (x, y - 0.7)
        players: list[Player] = [
            wall(plot.name("wall"), (x - 1.8, y + 0.2), (x + 1.8, y + 0.2), 2.7, (140, 132, 120)),
            window(plot.name("window"), x, y, (70, 60, 50), breaks),
        ]
    else:
        front, players = _doorway(plot, lambda t: 0.8 * smooth((t - breaks) / 0.3))
    keys = plot.arrive(front, start - 0.2)
    within = (front[0], front[1] + 0.6)
    vanishes = breaks + 2.2
    keys += [(breaks + 0.4, *front), (vanishes, *within)]
    make = plot.pick(smashing, kicking)
    acts = [Act(start=start, end=breaks + 0.15, motion=make(plot.rng), ease_s=0.3)]
    if by_window:
        acts.append(
            Act(start=breaks + 0.4, end=vanishes, motion=climbing(1.0, 0.7, 2.6), ease_s=0.4)
        )
    body = plot.body()
    enters = plot.person(
        track(keys, looks=[(start - 0.4, vanishes, pi / 2)]),
        acts,
        body=body,
        present=(-inf, vanishes),
    )
    leaves = plot.person(
        track(
            [
                (out, *within),
                (out + 0.6, *front),
                *plot.leave(front, out + 0.7, plot.between(2.4, 4)),
            ]
        ),
        body=body,
        present=(out, inf),
        name=enters.name,
    )
    loot = Bag(
        name=plot.name("bag"),
        colour=(30, 30, 32),
        size=(0.5, 0.3, 0.4),
        carriers=((out, inf, leaves),),
    )
    players += [enters, leaves, _shown_from(loot, out)]
    if plot.chance(0.4):
        lookout = plot.near(front, 1.2, 2.2)
        players.append(plot.stander(lookout, plot.outside()))
    captions = (
        f"A burglar breaks a {'window' if by_window else 'door'} and gets in",
        "Someone breaks into a building"
        + (" and comes out with a bag" if out + 0.6 < plot.duration_s else ""),
        "A person breaks in and steals",
    )
    return plot.tell(
        "burglary",
        players,
        captions,
        actors=[enters],
        category="burglary",
        span=(start - 0.2, out + 2.5),
        risk=2,
        cause="a burglar looks for loot",
    )


def _shown_from(bag: Bag, start: float) -> Prop:
    return Prop(name=bag.name, draw=bag.shapes, present=(start, inf))


def use_door(plot: Plot) -> Drama:
    """Tell of somebody who opens a door and goes in, or comes out and closes it."""
    opens, _ = plot.span(2.0, 4.0)
    opens = max(opens, 0.2)
    shut = opens + plot.between(2.0, 3.5)

    def opened(t: float) -> float:
        return 0.8 * smooth((t - opens) / 0.9) * (1 - smooth((t - shut) / 0.9))

    front, players = _doorway(plot, opened)
    within = (front[0], front[1] + 0.62)
    if plot.chance(0.5):
        keys = [*plot.arrive(front, opens - 0.2), (opens + 0.6, *front), (opens + 1.6, *within)]
        act = Act(start=opens - 0.2, end=opens + 0.6, motion=hold(OFFER), ease_s=0.3)
        person = plot.person(
            track(keys, looks=[(opens - 0.4, inf, pi / 2)]), [act], present=(-inf, opens + 1.7)
        )
        captions: tuple[str, ...] = (
            "A person opens a door and goes in",
            "Someone enters through a door",
        )
    else:
        keys = [(opens + 0.6, *within), (opens + 1.5, *front), *plot.leave(front, opens + 1.6, 1.3)]
        person = plot.person(track(keys), present=(opens + 0.4, inf))
        captions = ("A person comes out of a door", "Someone opens a door and walks out")
    return plot.tell(
        "use a door",
        [*players, person, *plot.bystanders(3, spare=front)],
        captions,
        actors=[person],
    )


def unlock(plot: Plot) -> Drama:
    """Tell of somebody who stands at a door with keys or a keypad, then enters."""
    start, end = plot.span(2.5, 6.0)
    end = max(end, start + 2.0)
    front, players = _doorway(plot, lambda t: 0.8 * smooth((t - end) / 0.8))
    within = (front[0], front[1] + 0.62)
    keys = [*plot.arrive(front, start), (end + 0.5, *front), (end + 1.5, *within)]
    act = Act(start=start, end=end, motion=hold(TYPE, 0.05), ease_s=0.3)
    person = plot.person(
        track(keys, looks=[(start - 0.3, inf, pi / 2)]), [act], present=(-inf, end + 1.6)
    )
    captions = ("A person unlocks a door and goes in", "Someone unlocks a door")
    return plot.tell(
        "unlock a door",
        [*players, person, *plot.bystanders(2, spare=front)],
        captions,
        actors=[person],
    )


def along_fence(plot: Plot) -> Drama:
    """Tell of people who walk along a fence or lean on it, and stay on their side."""
    x, y = plot.spot(1.0)
    half = plot.area.width
    ends = (x - half, y), (x + half, y)
    name, height = plot.name("fence"), plot.between(1.0, 2.0)
    closed = plot.chance(0.4)
    colour = plot.pick(*_METAL)
    line = barrier(name, x, y, half) if closed else fence(name, *ends, height, colour)
    side = plot.pick(-1, 1)
    near = y + side * plot.between(0.4, 0.8)
    people: list[Person] = []
    for _ in range(plot.pick(1, 2, 2)):
        pace, way = plot.between(0.9, 3.2), plot.pick(-1, 1)
        keys = plot.walk(
            (plot.outside(-way, near), plot.outside(way, near)),
            plot.between(-2, plot.duration_s * 0.7),
            pace,
        )
        acts = []
        if plot.chance(0.3):
            at = plot.between(0, plot.duration_s)
            acts.append(Act(start=at, end=at + 1.6, motion=reaching_down(1.6)))
        people.append(plot.person(track(keys), acts))
    what = "barrier" if closed else "fence"
    captions = (f"People walk along a {what}", f"Someone walks past a {what}")
    return plot.tell("along a fence", [line, *people, *plot.bystanders(2)], captions, actors=people)
