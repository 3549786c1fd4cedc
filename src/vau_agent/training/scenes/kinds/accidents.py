"""Road accidents: an impact, then standstill."""

from math import cos, inf, pi, sin

from vau_agent.training.scenes.kinds.parts import onlooker, scatter
from vau_agent.training.scenes.kinds.traffic import FRAMES, drive
from vau_agent.training.scenes.moves import keyed, lying
from vau_agent.training.scenes.people import Act, Motion, Person
from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import STAND
from vau_agent.training.scenes.shapes import Capsule, Shape, Smoke
from vau_agent.training.scenes.story import Drama, Player
from vau_agent.training.scenes.things import Prop
from vau_agent.training.scenes.tracks import Key, toward, track
from vau_agent.training.scenes.vehicles import Car, Cyclist, draw_make


def _onlookers(plot: Plot, at: Spot, when: float) -> list[Person]:
    if not plot.chance(0.45):
        return []
    people = []
    for _ in range(int(plot.rng.integers(1, 4))):
        if plot.chance(0.5):
            first, beside = plot.near(at, 3.0, 6.0), plot.near(at, 1.6, 2.4)
            keys = plot.walk((first, beside), when + plot.between(0.6, 2.0), 2.4)
            look = plot.facing(beside, at, when + 0.3)
            people.append(plot.person(track(keys, looks=[look])))
        else:
            people.append(onlooker(plot, at, when))
    return people


def _impact(plot: Plot) -> tuple[float, Spot]:
    hit, _ = plot.span(1.0, 2.0, sudden=True)
    return hit, plot.spot(1.0)


def _steam(plot: Plot, spot: Spot, at: float) -> Prop:
    shifts = plot.rng.uniform(0, 1, 5).tolist()

    def draw(timestamp: float) -> list[Shape]:
        puffs: list[Shape] = []
        for shift in shifts:
            life = (0.4 * timestamp + shift) % 1
            if timestamp - life / 0.4 > at:
                centre = (spot[0] + 0.4 * (shift - 0.5), spot[1], 0.7 + 1.4 * life)
                puffs.append(Smoke(centre, 0.3 + 0.5 * life, 0.35 * (1 - life), (190, 190, 190)))
        return puffs

    return Prop(name="", draw=draw)


def _tell(
    plot: Plot,
    kind: str,
    players: list[Player],
    captions: tuple[str, ...],
    actors: list[Person | Car | str],
    hit: float,
    spot: Spot,
    cause: str,
) -> Drama:
    extras: list[Player] = [*_onlookers(plot, spot, hit), *plot.bystanders(2, spare=spot)]
    if plot.chance(0.5):
        bits = scatter(plot.rng, "", (*spot, 0.6), plot.pick((190, 200, 205), (40, 40, 42)), hit)
        extras.append(Prop(name="", draw=bits))
    if plot.chance(0.3):
        extras.append(_steam(plot, spot, hit + 0.3))
    return plot.tell(
        kind,
        [*players, *extras],
        captions,
        actors=actors,
        category="road accident",
        span=(hit - plot.between(0.15, 0.5), inf),
        risk=2,
        cause=cause,
    )


def car_hits_car(plot: Plot) -> Drama:
    """Tell of two cars that collide and come to a stop."""
    hit, spot = _impact(plot)
    side, speed = plot.pick(-1, 1), plot.between(5, 11)
    gap = plot.between(1.9, 2.6)
    first: list[Key] = [
        (hit - 4, spot[0] - side * (speed * 4 + gap), spot[1]),
        (hit, spot[0] - side * gap, spot[1]),
    ]
    how = plot.pick("crossing", "crossing", "head-on", "rear", "parked")
    slide = plot.between(0.4, 1.4)
    if how == "crossing":
        other_speed = plot.between(4, 8)
        down = plot.pick(-1, 1)
        # Cars that cross come from where they are out of the picture on the far or near side.
        second: list[Key] = [
            (hit - 3, spot[0], spot[1] + down * (other_speed * 3 + 0.6)),
            (hit, spot[0], spot[1] + 0.3 * down),
        ]
        end_second = (spot[0] + side * slide * 1.2, spot[1] - down * slide * 0.8)
        heading = toward(0, 0, side * 0.6, -down)
    elif how == "head-on":
        second = [
            (hit - 4, spot[0] + side * (speed * 4 + gap), spot[1]),
            (hit, spot[0] + side * gap, spot[1]),
        ]
        end_second = (spot[0] + side * (gap + 0.4), spot[1] + plot.between(-0.6, 0.6))
        heading = toward(0, 0, -side, plot.between(-0.5, 0.5))
    else:
        slow = plot.between(1.5, 3) if how == "rear" else 0.0
        second = [
            (hit - 6, spot[0] + side * (gap - slow * 6), spot[1]),
            (hit, spot[0] + side * gap, spot[1]),
        ]
        end_second = (
            spot[0] + side * (gap + slide + 0.5 + 0.3 * slow),
            spot[1] + plot.between(-0.4, 0.4),
        )
        heading = toward(0, 0, side, plot.between(-0.4, 0.4))
    turned = toward(0, 0, side, plot.between(-0.9, 0.9))
    end_first = (spot[0] - side * (gap - slide), spot[1] + plot.between(-0.5, 0.5))
    stop = plot.between(0.35, 0.8)
    first.append((hit + stop, *end_first))
    second.append((hit + stop, *end_second))
    rolls = plot.pick(1.5, -1.5) if how == "crossing" and plot.chance(0.2) else 0.0
    one = _drive_with(plot, first, hit, 0.0, (hit + 0.05, inf, turned))
    two = _drive_with(plot, second, hit, rolls, (hit + 0.05, inf, heading))
    captions = (
        "Two cars collide and stop",
        "A car crashes into another car" if how != "parked" else "A car crashes into a parked car",
        "Two cars crash into each other",
        "A car hits another car and both come to a standstill",
    )
    causes = {
        "crossing": "a car takes the other's right of way",
        "head-on": "a car in the wrong lane",
        "rear": "a car brakes too late",
        "parked": "a driver loses control",
    }
    return _tell(plot, "car hits car", [one, two], captions, [one, two], hit, spot, causes[how])


def _drive_with(
    plot: Plot, keys: list[Key], hit: float, roll: float, look: tuple[float, float, float]
) -> Car:
    """Cast a car that is turned to `look` by the impact, from which it stops sharply."""
    return Car(
        name=plot.name("car"),
        make=draw_make(plot.rng),
        way=track(keys, looks=[look], inertia_s=0.15),
        lights=(-inf, inf) if plot.night or plot.chance(0.1) else None,
        crumpled_at=hit,
        rolled=roll,
    )


def car_hits_person(plot: Plot) -> Drama:
    """Tell of a car that runs down a pedestrian."""
    hit, spot = _impact(plot)
    side, speed = plot.pick(-1, 1), plot.between(4.5, 10)
    stop_s = plot.between(0.5, 1.2)
    brakes = plot.chance(0.8)
    ahead = 2.2
    keys: list[Key] = [
        (hit - 4, spot[0] - side * (speed * 4 + ahead), spot[1]),
        (hit, spot[0] - side * ahead, spot[1]),
    ]
    if brakes:
        keys.append((hit + stop_s, spot[0] - side * ahead + side * speed * stop_s * 0.3, spot[1]))
    else:
        keys.append((hit + 3, spot[0] + side * speed * 3, spot[1] + 0.3))
    car = drive(plot, keys, hit, inertia=0.25)
    up = plot.pick(-1, 1)
    pace = plot.between(1.0, 2.6)
    begin = (spot[0] + plot.between(-0.3, 0.3), spot[1] - up * pace * 4)
    thrown = plot.between(1.4, 3.2)
    lands = (
        spot[0] + side * (thrown + (speed * stop_s * 0.3 if brakes else 0.5)),
        spot[1] + up * plot.between(0.3, 1.2),
    )
    flight = plot.between(0.5, 0.75)
    way = track(
        [(hit - 4, *begin), (hit, *spot), (hit + flight, *lands)],
        looks=[(hit, inf, toward(*begin, *spot))],
        inertia_s=0.12,
    )
    motion = _tossed(plot, flight)
    victim = plot.person(way, [Act(start=hit - 0.05, motion=motion, ease_s=0.1)])
    captions = (
        "A car hits a pedestrian who is thrown to the ground",
        "A person is run over by a car",
        "A car runs into a person crossing the road",
        "A pedestrian is hit by a car and lies on the ground",
    )
    cause = "a person steps into the road" if brakes else "a driver does not stop"
    return _tell(plot, "car hits person", [car, victim], captions, [car, victim], hit, spot, cause)


def _tossed(plot: Plot, flight: float) -> Motion:
    """Return a body that flies off and stays where it lands."""
    down = lying(plot.rng)
    aloft = down._replace(
        tilt=down.tilt * 0.6,
        roll=down.roll * 0.6 + 0.3,
        lift=plot.between(0.4, 0.9),
        left_swing=1.6,
        right_swing=1.2,
        left_out=0.9,
        right_out=0.9,
        left_hip=0.7,
        right_knee=1.0,
    )
    bounced = down._replace(lift=0.08, left_knee=down.left_knee + 0.4)
    return keyed(((0.0, STAND), (0.45 * flight, aloft), (flight, bounced), (flight + 0.2, down)))


def car_hits_bike(plot: Plot) -> Drama:
    """Tell of a car and a bicycle that collide; the rider lies on the ground."""
    hit, spot = _impact(plot)
    side, speed = plot.pick(-1, 1), plot.between(4, 9)
    keys: list[Key] = [
        (hit - 4, spot[0] - side * (speed * 4 + 2.1), spot[1]),
        (hit, spot[0] - side * 2.1, spot[1]),
    ]
    keys.append((hit + 0.7, spot[0] - side * (2.1 - 0.2 * speed), spot[1]))
    car = drive(plot, keys, hit, inertia=0.25)
    up, pace = plot.pick(-1, 1), plot.between(3, 5)
    body = plot.body()
    lands = (spot[0] + side * plot.between(1.6, 2.6), spot[1] + up * plot.between(0.4, 1.2))
    bike_ends = (spot[0] + side * plot.between(0.9, 1.6), spot[1] + up * 0.2)
    bike_way = track(
        [(hit - 3, spot[0], spot[1] - up * pace * 3), (hit, *spot), (hit + 0.5, *bike_ends)],
        looks=[(hit, inf, up * pi / 2)],
        inertia_s=0.15,
    )
    bike = Cyclist(
        name=plot.name("cyclist"), body=body, way=bike_way, frame=plot.pick(*FRAMES), until=hit
    )
    flight = plot.between(0.5, 0.75)
    motion = _tossed(plot, flight)
    thrown = plot.person(
        track(
            [(hit, *spot), (hit + flight, *lands)],
            looks=[(hit - 1, inf, up * pi / 2)],
            inertia_s=0.12,
        ),
        [Act(start=hit - 0.05, motion=motion, ease_s=0.05)],
        body=body,
        present=(hit, inf),
    )
    captions = (
        "A car hits a cyclist",
        "A cyclist is knocked down by a car",
        "A car and a bicycle collide and the rider falls",
    )
    return _tell(
        plot,
        "car hits bicycle",
        [car, bike, thrown],
        captions,
        [car, bike.name, thrown],
        hit,
        spot,
        "a car takes a cyclist's right of way",
    )


def car_hits_pole(plot: Plot) -> Drama:
    """Tell of a car that leaves its lane and crashes into a post."""
    hit, spot = _impact(plot)
    side, speed = plot.pick(-1, 1), plot.between(5, 11)
    lane = spot[1] + plot.pick(-1, 1) * plot.between(0.8, 1.8)
    keys: list[Key] = [
        (hit - 4, spot[0] - side * (speed * 4 + 2.2), lane),
        (hit - 0.7, spot[0] - side * (speed * 0.7 + 2.2), lane),
        (hit, spot[0] - side * 2.2, spot[1]),
    ]
    keys.append((hit + 0.35, spot[0] - side * plot.between(2.3, 2.6), spot[1]))
    car = _drive_with(
        plot, keys, hit, 0.0, (hit + 0.02, inf, toward(0, 0, side, 0.6 * (spot[1] - lane)))
    )
    leans = plot.between(0.1, 0.5)

    def draw(timestamp: float) -> list[Shape]:
        lean = leans * min(1.0, max(0.0, (timestamp - hit) / 0.3))
        top = (spot[0] + side * 3.4 * sin(lean), spot[1], 3.4 * cos(lean))
        return [Capsule((*spot, 0.0), top, 0.08, (110, 112, 114), "post")]

    post = Prop(name="post", draw=draw)
    captions = (
        "A car crashes into a post",
        "A car leaves its lane and hits a pole",
        "A car loses control and crashes",
    )
    return _tell(
        plot, "car hits post", [car, post], captions, [car], hit, spot, "a driver loses control"
    )


def bike_falls(plot: Plot) -> Drama:
    """Tell of two cyclists, or one and a pedestrian, who run into each other."""
    hit, spot = _impact(plot)
    side, speed = plot.pick(-1, 1), plot.between(3, 6)
    players: list[Player] = []
    actors: list[Person | Car | str] = []
    for sign in (-side, side):
        body = plot.body()
        y = spot[1] + 0.1 * sign
        way = track(
            [
                (hit - 4, spot[0] + sign * (speed * 4 + 0.7), y),
                (hit, spot[0] + sign * 0.7, y),
                (hit + 0.4, spot[0] + sign * 0.9, y + 0.3 * sign),
            ],
            looks=[(hit, inf, toward(0, 0, -sign, 0.3))],
            inertia_s=0.15,
        )
        bike = Cyclist(
            name=plot.name("cyclist"), body=body, way=way, frame=plot.pick(*FRAMES), until=hit
        )
        lands = (spot[0] + sign * plot.between(0.2, 0.7), spot[1] + sign * plot.between(0.7, 1.3))
        rider = plot.person(
            track(
                [(hit, spot[0] + sign * 0.7, y), (hit + 0.55, *lands)],
                looks=[(hit - 1, inf, toward(0, 0, -sign, 0))],
                inertia_s=0.12,
            ),
            [Act(start=hit - 0.05, motion=_tossed(plot, 0.55), ease_s=0.05)],
            body=body,
            present=(hit, inf),
        )
        players += [bike, rider]
        actors += [bike.name, rider]
    captions = ("Two cyclists collide and fall", "Two bicycles crash into each other")
    return _tell(
        plot,
        "bicycles collide",
        players,
        captions,
        actors,
        hit,
        spot,
        "two cyclists do not see each other",
    )
