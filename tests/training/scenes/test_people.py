from itertools import pairwise

import numpy as np
import pytest

from vau_agent.training.scenes import moves, struggles
from vau_agent.training.scenes.bodies import draw_body, figure, reach
from vau_agent.training.scenes.people import Act, Motion, Person
from vau_agent.training.scenes.poses import CROUCH, LIE_BACK, SIT, STAND, Pose, blend, gait
from vau_agent.training.scenes.shapes import Capsule, Shape
from vau_agent.training.scenes.tracks import still, track

_RNG = np.random.default_rng


def motions() -> dict[str, Motion]:
    rng = _RNG(1)
    return {
        "punching": struggles.punching(rng),
        "kicking": struggles.kicking(rng),
        "wrestling": struggles.wrestling(rng),
        "grappling": struggles.grappling(rng, LIE_BACK),
        "dodging": struggles.dodging(rng),
        "dancing": moves.dancing(rng),
        "falling": moves.fall(rng, up_after_s=1.0)[0],
        "climbing": moves.climbing(1.0, 1.6, 3.0),
        "throwing": moves.throwing(rng),
        "jumping": moves.jumping(rng),
        "lying down": moves.lie_down(LIE_BACK, 3.0),
    }


def lowest(shapes: list[Shape]) -> float:
    ends = [
        min(one.start[2], one.end[2]) - one.radius for one in shapes if isinstance(one, Capsule)
    ]
    return min(ends)


@pytest.mark.parametrize("name", motions())
def test_limbs_keep_their_lengths(name: str) -> None:
    motion, body = motions()[name], draw_body(_RNG(3))
    lengths = []
    for timestamp in np.linspace(0, 4, 25).tolist():
        shapes = figure(body, motion(timestamp), 1.0, 4.0, 0.7, "person 1")
        rods = [one for one in shapes if isinstance(one, Capsule)]
        lengths.append([float(np.linalg.norm(np.subtract(o.end, o.start))) for o in rods])

    assert np.ptp(np.array(lengths), axis=0).max() < 1e-9


@pytest.mark.parametrize(
    "name", [name for name in motions() if name not in ("climbing", "jumping")]
)
def test_the_lowest_part_stays_about_on_the_ground(name: str) -> None:
    motion, body = motions()[name], draw_body(_RNG(4))
    for timestamp in np.linspace(0, 4, 25).tolist():
        shapes = figure(body, motion(timestamp), 0.0, 4.0, 0.0, "person 1")
        assert -0.09 < lowest(shapes) < 0.09


def test_postures_have_the_heights_of_their_names() -> None:
    body = draw_body(_RNG(2))

    def head(pose: Pose) -> float:
        return reach(body, pose, 0, 4, 0, "head")[2] / body.height

    assert head(STAND) == pytest.approx(0.93, abs=0.04)
    assert 0.6 < head(SIT) < head(STAND)
    assert head(CROUCH) < 0.66
    assert head(LIE_BACK) < 0.2


def test_feet_do_not_slide_while_they_carry() -> None:
    walker = Person(name="person 1", body=draw_body(_RNG(6)), way=track([(0, 0, 5), (8, 11, 5)]))
    slips = []
    for timestamp in np.arange(2.0, 6.0, 0.05).tolist():
        low = min(("left_ankle", "right_ankle"), key=lambda one: walker.joint(one, timestamp)[2])
        before, after = walker.joint(low, timestamp), walker.joint(low, timestamp + 0.02)
        slips.append(abs(after[0] - before[0]) / 0.02)

    assert np.median(slips) < 0.6


def test_nobody_jumps_from_place_to_place() -> None:
    way = track([(0, 0, 5), (2, 3, 5), (2.1, 3, 5), (4, 3, 9)], inertia_s=0.4)
    places = [way.at(timestamp) for timestamp in np.arange(-1, 6, 0.05).tolist()]
    steps = [np.hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(places)]
    turns = [abs(b.heading - a.heading) for a, b in pairwise(places)]

    assert max(steps) < 0.15
    assert max(turns) < 0.5
    assert (places[0].x, places[0].y) == pytest.approx((0, 5), abs=1e-6)
    assert (places[-1].x, places[-1].y) == pytest.approx((3, 9), abs=1e-6)


def test_an_act_is_blended_in_and_out() -> None:
    act = Act(start=1.0, end=2.0, motion=lambda _: CROUCH, ease_s=0.4)
    person = Person(name="person 1", body=draw_body(_RNG(1)), way=still(0, 5), acts=(act,))
    knees = [person.pose(t).left_knee for t in (0.9, 1.2, 1.8, 2.2, 2.6)]

    assert knees[0] < 0.2 < knees[1] < CROUCH.left_knee - 0.2
    assert knees[2] == pytest.approx(CROUCH.left_knee)
    assert knees[4] < 0.2 < knees[3] < knees[2]


def test_a_wave_of_the_arms_leaves_the_legs_alone() -> None:
    plain = Person(name="person 1", body=draw_body(_RNG(1)), way=track([(0, 0, 5), (4, 5, 5)]))
    waves = Act(start=0, motion=moves.waving(_RNG(2)), arms_only=True)
    waving = Person(name="person 1", body=plain.body, way=plain.way, acts=(waves,))

    assert waving.joint("left_toe", 2.0) == plain.joint("left_toe", 2.0)
    assert waving.joint("right_hand", 2.0)[2] > plain.joint("right_hand", 2.0)[2] + 0.5


def test_a_blend_ends_at_both_postures() -> None:
    assert blend(STAND, CROUCH, 0) == STAND
    assert blend(STAND, CROUCH, 1) == CROUCH
    assert gait(0.0, 0.0).left_hip == pytest.approx(0)


@pytest.mark.parametrize("seed", range(16))
def test_who_lies_is_flat_on_the_ground(seed: int) -> None:
    body, pose = draw_body(_RNG(seed)), moves.lying(_RNG(seed))

    assert reach(body, pose, 0, 4, 0, "pelvis")[2] < 0.4
    assert reach(body, pose, 0, 4, 0, "head")[2] < 0.45
