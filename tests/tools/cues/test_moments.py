from collections.abc import Mapping

import numpy as np

from vau_agent.tools.cues.measure import quiet_moment
from vau_agent.tools.cues.moments import REGIONAL, SINGLE, Moment, MomentStore
from vau_agent.tools.cues.normal import HALF, WEIGHT, combine_alarm, measure_cues


def _moment(
    timestamp: float,
    *,
    speed: float = 0.0,
    region: int = 0,
    single: Mapping[str, float] | None = None,
) -> Moment:
    moment = quiet_moment(timestamp)
    moment.regional[REGIONAL.index("speed"), region] = speed
    for name, value in (single or {}).items():
        moment.single[SINGLE.index(name)] = value
    return moment


def _store(moments: list[Moment], capacity: int = 10_000) -> MomentStore:
    store = MomentStore(capacity=capacity)
    for moment in moments:
        store.add(moment)
    return store


def test_a_full_store_coarsens_and_keeps_the_largest_values() -> None:
    moments = [
        _moment(i / 10, speed=float(i == 37), single={"flash": float(i == 41)}) for i in range(100)
    ]
    store = _store(moments, capacity=16)
    assert store.count <= 16
    assert store.merged == 8
    assert np.all(np.diff(store.times) > 0)
    assert store.regional[:, 0].max() == 1
    assert store.single[:, SINGLE.index("flash")].max() == 1
    row = int(store.regional[:, 0, 0].argmax())
    assert store.times[row] <= 3.7 < store.times[row] + store.merged / 10


def test_a_store_that_is_not_full_keeps_every_moment() -> None:
    store = _store([_moment(i / 10) for i in range(16)], capacity=16)
    assert (store.count, store.merged) == (16, 1)


def test_a_flash_is_noted_where_it_began() -> None:
    store = _store([_moment(i / 10) for i in range(20)])
    store.raise_single("flash", 1.0, 50.0)
    assert measure_cues(store)["flash"].argmax() == 10


def test_cues_grow_with_what_is_measured_and_say_half_at_the_stated_value() -> None:
    for name in ("impact", "stillness", "object_left", "fire_colour", "flicker", "crowd"):
        values = [0.0, HALF[name] / 2, HALF[name], HALF[name] * 2]
        cue = measure_cues(
            _store([_moment(10.0 * i, single={name: v}) for i, v in enumerate(values)])
        )
        assert np.all(np.diff(cue[name]) > 0), name
        assert abs(cue[name][2] - 0.5) < 0.01, name


def test_a_cue_that_ordinary_scenes_give_stays_below_the_alarm_alone() -> None:
    for name in ("stillness", "flicker"):
        store = _store([_moment(i / 10, single={name: 1000.0}) for i in range(50)])
        assert combine_alarm(store, measure_cues(store)).max() <= WEIGHT[name] + 1e-6
        assert WEIGHT[name] < 0.5


def test_what_is_fast_in_a_known_street_becomes_normal() -> None:
    busy = [_moment(i / 2, speed=3.0, region=9) for i in range(2400)]
    at_first = measure_cues(_store(busy[:20]))["speed"].max()
    later = measure_cues(_store(busy))["speed"].max()
    assert at_first > 0.6
    assert later < 0.25


def test_one_fast_thing_among_many_slow_ones_stays_unusual() -> None:
    slow = [_moment(i / 10, speed=0.7, region=i % 48) for i in range(600)]
    fast = [_moment(60 + i / 10, speed=3.2, region=20) for i in range(10)]
    store = _store([*slow, *fast])
    cues = measure_cues(store)
    assert cues["speed"][:590].max() < 0.2
    assert cues["speed"][602:608].min() > 0.5
    assert combine_alarm(store, cues)[604] > 0.5


def test_speed_says_little_while_nothing_else_of_the_video_is_known() -> None:
    alone = _store([_moment(i / 10, speed=3.0, region=20) for i in range(10)])
    assert combine_alarm(alone, measure_cues(alone)).max() < 0.5


def test_an_empty_store_has_no_curve() -> None:
    store = MomentStore(capacity=16)
    assert combine_alarm(store, measure_cues(store)).size == 0
