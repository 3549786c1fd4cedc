"""Taking by force and shooting: robbery of people, and the held-out shooting."""

from collections.abc import Callable
from math import cos, hypot, inf, sin

from vau_agent.training.scenes.kinds.parts import runner_away
from vau_agent.training.scenes.moves import cowering, fall, hold, keyed
from vau_agent.training.scenes.people import Act, Motion, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import AIM, GRAB, HANDS_UP, OFFER, STAND, Pose, blend
from vau_agent.training.scenes.shapes import Flame, Flash, Shape
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.struggles import dodging, punching, wrestling
from vau_agent.training.scenes.things import Bag, Prop, held
from vau_agent.training.scenes.tracks import Key, toward, track


def snatch(plot: Plot) -> Drama:
    """Tell of somebody who runs up, tears a bag out of a person's hand and flees."""
    taken, _ = plot.span(1.0, 2.0, sudden=True)
    taken = max(taken, -0.5) + 0.6
    struggle = plot.pick(0.0, plot.between(0.3, 1.5))
    spot = plot.spot(0.8)
    side = plot.pick(-1, 1)
    beside = (spot[0] - 0.45 * side, spot[1] + plot.between(-0.25, 0.25))
    speed = plot.between(3.2, 5.0)
    begin = plot.outside(-side)
    contact = taken - struggle
    way_in = hypot(begin[0] - beside[0], begin[1] - beside[1]) / speed
    keys: list[Key] = [(contact - way_in, *begin), (contact, *beside), (taken, *beside)]
    keys += plot.walk((beside, plot.outside(side)), taken + 0.05, speed)
    gone = keys[-1][0]
    thief_acts = [Act(start=contact - 0.3, end=taken, motion=_tugging(plot), ease_s=0.2)]
    thief = plot.person(track(keys, inertia_s=0.25), thief_acts)
    victim, ends = _robbed(plot, spot, beside, contact, taken, speed)
    bag = _purse(plot, victim, thief, taken)
    seen = max(taken + 0.8, min(gone - 0.45 * (gone - taken), ends))
    captions = (
        "A thief tears a bag from a person and runs away",
        "Someone runs up, snatches a bag and flees",
        "A person's bag is snatched by a runner",
        "A robber grabs a bag from a passer-by and escapes",
    )
    return plot.tell(
        "snatch",
        [victim, thief, bag, *plot.bystanders(3, spare=spot), *plot.traffic(0.15)],
        captions,
        actors=[thief, victim, bag.name],
        category="robbery",
        span=(contact - 0.4, seen),
        risk=2,
        cause="a thief attacks a passer-by",
    )


def _tugging(plot: Plot) -> Motion:
    rate = plot.between(2.0, 3.0)

    def motion(t: float) -> Pose:
        pull = sin(6.28 * rate * t)
        return GRAB._replace(tilt=-0.1 + 0.15 * pull, right_elbow=0.5 + 0.5 * pull, bend=0.35)

    return motion


def _robbed(
    plot: Plot, spot: Spot, beside: Spot, contact: float, taken: float, speed: float
) -> tuple[Person, float]:
    """Return the victim, and when its reaction ends."""
    keys = plot.arrive(spot, contact) if plot.chance(0.6) else [(contact, *spot)]
    looks = [plot.facing(spot, beside, contact - 0.1, taken + 0.5)]
    acts = [Act(start=contact, end=taken + 0.1, motion=_tugging(plot), ease_s=0.15)]
    fate = plot.pick("chases", "stays", "falls", "stays")
    ends = taken + 2.5
    if fate == "chases":
        side = 1 if spot[0] > beside[0] else -1
        keys += [(taken + 0.4, *spot)]
        keys += plot.walk((spot, plot.outside(side)), taken + 0.5, 0.8 * speed)
        ends = keys[-1][0]
    elif fate == "falls":
        motion, _ = fall(plot.rng)
        acts.append(Act(start=taken, motion=motion, ease_s=0.1))
        ends = inf
    return plot.person(track(keys, looks=looks), acts), ends


def _purse(plot: Plot, victim: Person, thief: Person, taken: float) -> Bag:
    size = plot.pick((0.32, 0.14, 0.26), (0.45, 0.2, 0.32), (0.3, 0.12, 0.38))
    return Bag(
        name=plot.name("bag"),
        colour=plot.pick((60, 34, 26), (150, 30, 40), (24, 24, 26), (190, 160, 110)),
        size=size,
        carriers=((-inf, taken, victim), (taken, inf, thief)),
    )


def mug(plot: Plot) -> Drama:
    """Tell of one or two robbers who hold a person up, struggle, take something and flee."""
    start, end = plot.span(3.0, 9.0)
    spot = plot.spot(0.9)
    count, armed = plot.pick(1, 1, 2), plot.chance(0.4)
    keys = plot.arrive(spot, start - plot.between(0, 2)) if plot.chance(0.5) else []
    robbers: list[Person] = []
    props: list[Player] = []
    victim_look = toward(*spot, *plot.outside(1))
    for index in range(count):
        side = 1 if index else -1
        gap = plot.between(0.9, 1.3) if armed else 0.5
        beside = plot.inside((spot[0] + side * gap, spot[1] + plot.between(-0.3, 0.3)))
        speed = plot.between(1.6, 3.2)
        approach = plot.outside(side)
        far = hypot(approach[0] - beside[0], approach[1] - beside[1])
        way = [(start - far / speed, *approach), (start, *beside), (end, *beside)]
        way += plot.walk((beside, plot.outside(side)), end + 0.1, plot.between(3.4, 4.8))
        motion = hold(AIM, 0.08) if armed else plot.pick(wrestling, punching)(plot.rng)
        acts = [Act(start=start - 0.2, end=end, motion=motion, ease_s=0.25)]
        looks = [plot.facing(beside, spot, start - 0.2, end)]
        robber = plot.person(track(way, looks=looks, inertia_s=0.3), acts)
        robbers.append(robber)
        victim_look = toward(*spot, *beside)
        if armed:
            rod = held(plot.name("weapon"), robber, 0.22, (24, 24, 26), (start - 0.5, inf))
            props.append(rod)
    motion = hold(HANDS_UP, 0.05) if armed else plot.pick(dodging, wrestling)(plot.rng)
    acts = [Act(start=start + 0.1, end=end + 0.6, motion=motion, ease_s=0.3)]
    if not armed and plot.chance(0.4):
        down, _ = fall(plot.rng)
        acts.append(Act(start=end - 0.3, motion=down, ease_s=0.2))
    keys.append((max(end, (keys[-1][0] if keys else end) + 0.1), *spot))
    victim = plot.person(track(keys, looks=[(start - 0.2, end + 1, victim_look)]), acts)
    bag = _purse(plot, victim, robbers[0], end - plot.between(0.1, 0.6))
    who = "A robber" if count == 1 else "Two robbers"
    many = "s" if count == 1 else ""
    captions = (
        f"{who} attack{many} a person and run{many} off with a bag",
        f"{who} {'threatens' if count == 1 else 'threaten'} a person and take{many} a bag",
        "A person is robbed of a bag",
    )
    return plot.tell(
        "mugging",
        [victim, *robbers, bag, *props, *plot.bystanders(2, spare=spot)],
        captions,
        actors=[*robbers, victim, bag.name],
        category="robbery",
        span=(start - 0.3, end + plot.between(1.2, 2.2)),
        risk=2,
        cause="an armed threat" if armed else "an attack on a passer-by",
    )


def shooting(plot: Plot) -> Drama:
    """Tell of somebody who draws a gun and shoots; people fall or flee."""
    start, end = plot.span(2.5, 7.0, sudden=True)
    spot = plot.spot(0.8)
    aim_at = plot.near(spot, 2.0, 4.0)
    look = plot.facing(spot, aim_at, start - 0.3, end + 0.3)
    keys = plot.arrive(spot, start - plot.between(0, 3)) if plot.chance(0.5) else []
    keys.append((max(start, (keys[-1][0] if keys else start) + 0.1), *spot))
    keys += [(end, *spot), *plot.leave(spot, end + 0.3, plot.between(2.8, 4.5))]
    draw = keyed(((0.0, STAND), (0.35, blend(STAND, AIM, 0.5)), (0.6, AIM)))
    shots = [start + 0.7]
    while shots[-1] < end:
        shots.append(shots[-1] + plot.between(0.25, 1.1))
    shooter = plot.person(
        track(keys, looks=[look]),
        [
            Act(
                start=start,
                end=end,
                motion=_recoiling(draw, [s - start for s in shots]),
                ease_s=0.2,
            )
        ],
    )
    gun = held(plot.name("weapon"), shooter, 0.22, (22, 22, 24), (start + 0.2, inf))
    muzzle = Prop(name=plot.name("shot"), draw=_muzzle(shooter, shots))
    hit = plot.between(0, 1) < 0.7
    down, _ = fall(plot.rng)
    if hit:
        victim = plot.person(
            track([(start, *aim_at)], heading=toward(*aim_at, *spot)),
            [Act(start=shots[0] + 0.1, motion=down, ease_s=0.1)],
        )
    else:
        victim = runner_away(plot, aim_at, spot, shots[0] + 0.2)
    others = [
        runner_away(plot, plot.spot(), spot, shots[0] + plot.between(0.1, 0.7))
        if plot.chance(0.7)
        else plot.person(
            track([(0, *plot.spot())]),
            [Act(start=shots[0] + 0.3, motion=cowering(plot.rng), ease_s=0.3)],
        )
        for _ in range(int(plot.rng.integers(0, 4)))
    ]
    captions = (
        "A person draws a gun and shoots",
        "Someone fires shots at another person",
        "A gunman shoots and people flee" if others else "A gunman shoots at a person",
    )
    return plot.tell(
        "shooting",
        [shooter, victim, gun, muzzle, *others],
        captions,
        actors=[shooter, victim],
        category="shooting",
        span=(start, inf if hit else end + 1.5),
        risk=2,
        cause="an armed attack",
    )


def _recoiling(draw: Motion, shots: list[float]) -> Motion:
    def motion(t: float) -> Pose:
        pose = draw(t)
        kick = sum(max(0.0, 1 - (t - shot) / 0.2) for shot in shots if 0 <= t - shot < 0.2)
        return pose._replace(
            left_swing=pose.left_swing + 0.3 * kick,
            right_swing=pose.right_swing + 0.3 * kick,
            bend=pose.bend - 0.1 * kick,
        )

    return motion


def _muzzle(shooter: Person, shots: list[float]) -> Callable[[float], list[Shape]]:
    def draw(timestamp: float) -> list[Shape]:
        if not any(0 <= timestamp - shot < 0.09 for shot in shots):
            return []
        x, y, z = shooter.joint("right_hand", timestamp)
        heading = shooter.way.at(timestamp).heading
        tip = (x + 0.35 * cos(heading), y + 0.35 * sin(heading), z)
        return [Flash(tip, 0.7, 0.9), Flame(tip, 0.25, 0.2, timestamp)]

    return draw


def offer(plot: Plot) -> Drama:
    """Tell of somebody who hands a bag or parcel to another who takes it calmly."""
    given, _ = plot.span(1.5, 3.0)
    given = max(0.2, given)
    spot = plot.spot(0.8)
    other = plot.inside((spot[0] + plot.pick(-0.85, 0.85), spot[1]))
    giver_keys = [*plot.arrive(spot, given - plot.between(0.6, 2)), (given + 0.5, *spot)]
    giver_keys += plot.leave(spot, given + 0.8, plot.between(1.0, 1.6))
    stays = plot.between(0.5, 4)
    taker_keys = [(given, *other), (given + stays, *other)]
    taker_keys += plot.leave(other, given + stays + 0.1, plot.between(1.0, 1.5))
    act = Act(start=given - 0.5, end=given + 0.3, motion=hold(OFFER), ease_s=0.3)
    giver = plot.person(
        track(giver_keys, looks=[plot.facing(spot, other, given - 0.8, given + 0.6)]), [act]
    )
    taker = plot.person(
        track(taker_keys, looks=[plot.facing(other, spot, given - 1.5, given + 0.8)]), [act]
    )
    bag = Bag(
        name=plot.name("bag"),
        colour=plot.pick((176, 132, 84), (60, 34, 26), (40, 50, 90)),
        size=plot.pick((0.4, 0.3, 0.28), (0.32, 0.14, 0.26)),
        carriers=((-inf, given, giver), (given, inf, taker)),
    )
    captions = (
        "A person hands a bag to another",
        "A courier delivers a parcel to a person",
        "Someone gives a parcel to a waiting person",
    )
    return plot.tell(
        "hand over",
        [giver, taker, bag, *plot.bystanders(3, spare=spot), *plot.traffic(0.2)],
        captions,
        actors=[giver, taker, bag.name],
    )
