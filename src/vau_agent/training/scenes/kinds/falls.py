"""People who fall, and people who go down on purpose: sit, crouch, lie down, exercise."""

from math import inf, pi

from vau_agent.training.scenes.moves import (
    fall,
    get_up_s,
    hold,
    jumping,
    keyed,
    lie_down,
    lying,
    reaching_down,
    squatting,
)
from vau_agent.training.scenes.people import Act, Motion, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import (
    CROUCH,
    KNEEL,
    LIE_BACK,
    PLANK,
    SIT,
    SIT_ON_GROUND,
    STAND,
    blend,
)
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.things import bench, table
from vau_agent.training.scenes.tracks import Key, still, toward, track


def collapse(plot: Plot) -> Drama:
    """Tell of somebody who falls while walking or standing, and lies there or gets up."""
    start, _ = plot.span(2.0, 4.0, sudden=True)
    spot = plot.spot(0.8)
    gets_up = plot.chance(0.25)
    rests = plot.between(0.8, 5.0)
    motion, impact = fall(plot.rng, up_after_s=rests if gets_up else None)
    how = plot.pick("walk", "walk", "run", "stand", "stand")
    if how == "stand":
        before = plot.arrive(spot, start - plot.between(0.8, 8.0)) if plot.chance(0.5) else []
        keys: list[Key] = [*before, (start, *spot)]
        way = track(keys, heading=plot.between(0, 2 * pi) if not before else None)
    else:
        speed = plot.between(1.0, 1.7) if how == "walk" else plot.between(2.6, 3.8)
        arrive = plot.outside()
        far = ((arrive[0] - spot[0]) ** 2 + (arrive[1] - spot[1]) ** 2) ** 0.5
        keys = [(start + 0.3 - far / speed, *arrive), (start + 0.3, *spot)]
        ahead = (spot[0] - arrive[0]) / far * 0.45, (spot[1] - arrive[1]) / far * 0.45
        keys.append((start + impact, spot[0] + ahead[0], spot[1] + ahead[1]))
        way = track(keys)
    end = start + impact + rests + get_up_s() if gets_up else inf
    if gets_up and plot.chance(0.7):
        keys += plot.leave(keys[-1][1:], end + 0.3, plot.between(0.7, 1.2))
        way = track(keys, heading=plot.between(0, 2 * pi))
    falls = plot.person(way, [Act(start=start, end=end, motion=motion, ease_s=0.12)])
    helpers = [_helper(plot, spot, start + impact)] if plot.chance(0.3) else []
    seen_up = gets_up and end - 0.8 < plot.duration_s
    fate = "and gets up again" if seen_up else plot.pick("and stays down", "and lies still")
    captions = (
        f"A person falls {fate}",
        f"Someone stumbles and falls to the ground {fate}",
        f"A {'running' if how == 'run' else 'walking' if how == 'walk' else 'standing'} person"
        f" falls down {fate}",
        f"A person collapses {fate}" if how == "stand" else f"A person trips {fate}",
    )
    return plot.tell(
        "fall",
        [falls, *helpers, *plot.bystanders(3, spare=spot), *plot.traffic(0.15)],
        captions,
        actors=[falls],
        category="fall",
        span=(start, end),
        risk=1 if seen_up else 2,
        cause={"stand": "a faint", "walk": "a stumble", "run": "a slip"}[how],
    )


def _helper(plot: Plot, spot: Spot, start: float) -> Person:
    first = plot.near(spot, 2.0, 5.0)
    beside = plot.near(spot, 0.7, 0.9)
    keys = [(start - 3.0, *first), *plot.walk((first, beside), start + plot.between(0.3, 1.5), 2.2)]
    act = Act(start=keys[-1][0] + 0.2, motion=hold(plot.pick(CROUCH, KNEEL)), ease_s=0.6)
    look = plot.facing(beside, spot, keys[-1][0])
    return plot.person(track(keys, looks=[look]), [act])


def fall_from_seat(plot: Plot) -> Drama:
    """Tell of somebody who slips off a bench or chair."""
    start, _ = plot.span(2.0, 4.0, sudden=True)
    spot, heading = plot.spot(0.8), plot.between(pi + 0.3, 2 * pi - 0.3)
    lands = lying(plot.rng)._replace(along=0.55, aside=plot.between(-0.4, 0.4))
    drop = plot.between(0.5, 0.9)
    motion = keyed(((0.0, SIT), (0.35, blend(SIT, lands, 0.2)), (0.35 + drop, lands)))
    seat = bench(plot.name("bench"), *spot, heading, plot.pick((120, 84, 50), (90, 96, 100)))
    falls = plot.person(
        still(*spot, heading),
        [
            Act(start=-inf, end=start + 0.1, motion=hold(SIT), ease_s=0.1),
            Act(start=start, motion=motion, ease_s=0.1),
        ],
    )
    captions = (
        "A seated person slides to the ground and stays there",
        "Someone falls off a bench and lies still",
        "A person faints and falls from the seat",
    )
    return plot.tell(
        "fall from a seat",
        [seat, falls, *plot.bystanders(3, spare=spot)],
        captions,
        actors=[falls],
        category="fall",
        span=(start, inf),
        risk=2,
        cause="a faint",
    )


def sit_down(plot: Plot) -> Drama:
    """Tell of somebody who sits down on a bench, or gets up from it."""
    start, end = plot.span(3.0, 15.0)
    spot, heading = plot.spot(0.6), plot.between(pi + 0.3, 2 * pi - 0.3)
    seat = bench(plot.name("bench"), *spot, heading, plot.pick((120, 84, 50), (90, 96, 100)))
    keys = [*plot.arrive(spot, start - 0.5), (end + 0.4, *spot)]
    keys += plot.leave(spot, end + 0.6, 1.2)
    look = (start - 0.4, end + 0.2, heading)
    act = Act(start=start, end=end - 0.6, motion=hold(plot.pick(SIT, TYPE_SEATED)), ease_s=0.8)
    sits = plot.person(track(keys, looks=[look]), [act])
    captions = (
        "A person sits down on a bench",
        "Someone takes a seat and rests",
        "A person sits and waits",
    )
    others = [*plot.bystanders(3, spare=spot), *plot.traffic(0.2)]
    return plot.tell("sit down", [seat, sits, *others], captions, actors=[sits])


TYPE_SEATED = SIT._replace(
    left_swing=0.7, right_swing=0.7, left_elbow=1.1, right_elbow=1.1, nod=0.4
)


def crouch(plot: Plot) -> Drama:
    """Tell of somebody who crouches to tie a shoe or pick something up, then walks on."""
    start, end = plot.span(1.5, 5.0)
    spot = plot.spot(0.6)
    keys = [*plot.arrive(spot, start - 0.1), (end + 0.2, *spot)]
    keys += plot.leave(spot, end + 0.3, plot.between(1.0, 1.6))
    if plot.chance(0.5):
        act = Act(start=start, end=end - 0.5, motion=hold(plot.pick(CROUCH, KNEEL)), ease_s=0.6)
        captions: tuple[str, ...] = (
            "A person crouches to tie a shoe",
            "Someone kneels for a moment and walks on",
        )
    else:
        act = Act(start=start, end=start + 1.6, motion=reaching_down(1.6))
        captions = ("A person picks something up from the ground", "Someone stoops and walks on")
    stoops = plot.person(track(keys), [act])
    others = [*plot.bystanders(3, spare=spot), *plot.traffic(0.2)]
    return plot.tell("crouch", [stoops, *others], captions, actors=[stoops])


def exercise(plot: Plot) -> Drama:
    """Tell of people who exercise: lie down slowly, do squats, jump, hold a plank."""
    start, end = plot.span(4.0, 15.0)
    count = plot.pick(1, 1, 2, 3)
    people = []
    what = plot.pick("lie", "lie", "squat", "jump", "plank")
    for _ in range(count):
        spot = plot.spot(0.8)
        motion = _training(plot, what)
        acts = [Act(start=start, end=end, motion=motion, ease_s=0.9)]
        people.append(plot.person(still(*spot, plot.between(0, 2 * pi)), acts))
    who = "A person" if count == 1 else "People"
    captions = {
        "lie": ("lies down slowly to exercise", "lies down to rest"),
        "plank": ("does floor exercises",),
        "squat": ("does squats", "exercises"),
        "jump": ("does jumping jacks", "exercises"),
    }[what]
    words = [f"{who} {one if count == 1 else _plural(one)}" for one in captions]
    return plot.tell("exercise", [*people, *plot.bystanders(2)], words, actors=people)


def _training(plot: Plot, what: str) -> Motion:
    if what == "squat":
        return squatting(plot.rng)
    if what == "jump":
        return jumping(plot.rng)
    rest = LIE_BACK._replace(left_hip=0.7, left_knee=1.2, right_hip=0.6, right_knee=1.1)
    return lie_down(PLANK if what == "plank" else rest, plot.between(2.2, 4.0))


def _plural(phrase: str) -> str:
    verb, _, rest = phrase.partition(" ")
    bare = {"lies": "lie", "does": "do", "exercises": "exercise"}[verb]
    return f"{bare} {rest}".strip()


def seated_group(plot: Plot) -> Drama:
    """Tell of people who sit at a table or on the ground and talk."""
    centre = plot.spot(1.0)
    count = plot.pick(1, 2, 3)
    on_ground = plot.chance(0.4)
    players: list[Player] = []
    if not on_ground:
        size = (plot.between(0.9, 1.6), plot.between(0.6, 0.9))
        players.append(table(plot.name("table"), *centre, size, (140, 110, 80)))
    people = []
    for index in range(count):
        x = centre[0] + (-0.85, 0.85, 0.0)[index]
        y = centre[1] + (0.0, 0.0, 0.85)[index]
        pose = SIT_ON_GROUND if on_ground else plot.pick(SIT, TYPE_SEATED)
        motion = hold(pose, 0.06, plot.between(0, 6))
        way = still(x, y, toward(x, y, *centre))
        people.append(plot.person(way, [Act(start=-inf, motion=motion)]))
    captions = (
        "People sit and talk" if count > 1 else "A person sits quietly",
        "People sit together" if count > 1 else "A person works at a table",
    )
    everybody = [*players, *people, *plot.bystanders(2, spare=centre)]
    return plot.tell("sit together", everybody, captions, actors=people)


def stretch(plot: Plot) -> Drama:
    """Tell of somebody who sits down on the ground and gets up again."""
    start, end = plot.span(3.0, 8.0)
    spot = plot.spot(0.7)
    motion = keyed(((0.0, STAND), (0.8, CROUCH), (1.6, SIT_ON_GROUND)))
    act = Act(start=start, end=end, motion=motion, ease_s=1.2)
    sits = plot.person(still(*spot, plot.between(0, 2 * pi)), [act])
    captions = ("A person sits down on the ground to rest", "Someone sits on the ground")
    return plot.tell(
        "sit on the ground", [sits, *plot.bystanders(3, spare=spot)], captions, actors=[sits]
    )
