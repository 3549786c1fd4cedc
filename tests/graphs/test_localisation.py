"""The localisation graph on made-up videos: its route, its calls, and what reflection changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.graphs.localisation import (
    Localisation,
    LocalisationContext,
    LocalisationState,
    Steps,
    build_localisation,
    localise,
)
from vau_agent.tools.localisation.base import LocalisationSettings, Observation
from vau_agent.tools.localisation.grading import Grader, hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import WordSpace

FIGHT = "A person punches another person and they fight."
WALK = "People walk along the street."
DOOR = "A person opens a door and enters the building."
SPACE = WordSpace((*hazard_texts(), *ordinary_texts()))
GRADER = Grader.open(SPACE, similar=10)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A video of made-up observations that counts the looks at each moment."""

    seen: Sequence[tuple[float, str]]
    moment_s: float = 2.0
    looks: list[int] = field(default_factory=list)

    @property
    def moments(self) -> int:
        return len(self.seen)

    def look(self, moments: Sequence[int]) -> tuple[Observation, ...]:
        self.looks.extend(moments)
        said = [self.seen[moment] for moment in moments]
        return tuple(Observation(verdict=verdict, sentence=words) for verdict, words in said)


def context_of(
    video: Watched, *, calls: int | None = None, steps: Steps | None = None
) -> LocalisationContext:
    return LocalisationContext(
        perception=video, space=SPACE, grader=GRADER, calls=calls, steps=steps or Steps()
    )


def find(video: Watched, *, calls: int | None = None, steps: Steps | None = None) -> Localisation:
    return localise(context_of(video, calls=calls, steps=steps))


def calm(moments: int) -> Watched:
    return Watched(seen=[(0.0, WALK)] * moments)


def with_event(moments: int = 120, start: int = 50, end: int = 66, *, every: int = 17) -> Watched:
    """Make a video of one fight, with false alarms here and there: a verdict alone, told alike."""
    seen = [(0.0, WALK)] * moments
    for place in range(3, moments, every):
        seen[place] = (1.0, DOOR)
    for place in range(start, min(end, moments)):
        seen[place] = (1.0, FIGHT)
    return Watched(seen=seen)


def route(video: Watched, calls: int | None) -> list[str]:
    start = LocalisationState(looked=(), doubts=(), settled=(), scores=(), segments=())
    updates = build_localisation().stream(
        start, context=context_of(video, calls=calls), stream_mode="updates"
    )
    return [node for update in updates for node in update]


def test_without_a_budget_one_look_sees_all() -> None:
    assert route(calm(40), None) == ["look", "reflect", "revise", "decide"]


def test_with_a_budget_it_looks_and_reflects_until_the_calls_are_spent() -> None:
    nodes = route(with_event(), 32)

    rounds = nodes[:-2]
    assert rounds == ["look", "reflect"] * (len(rounds) // 2)
    assert len(rounds) > 4
    assert nodes[-2:] == ["revise", "decide"]


@pytest.mark.parametrize("moments", [1, 2, 3, 17, 40])
def test_looks_are_those_allowed_and_no_moment_is_looked_at_twice(moments: int) -> None:
    for calls in range(1, moments + 2):
        video = with_event(moments, moments // 2, moments // 2 + 3)
        found = find(video, calls=calls)

        assert len(video.looks) == min(calls, moments)
        assert max(Counter(video.looks).values()) == 1
        assert found.looked == tuple(sorted(video.looks))
        assert len(found.scores) == video.moments


@given(st.integers(1, 400), st.integers(1, 450), st.data())
@settings(max_examples=25, deadline=None)
def test_any_budget_is_kept_on_any_video(moments: int, calls: int, data: st.DataObject) -> None:
    odd = data.draw(st.sets(st.integers(0, moments - 1), max_size=20))
    video = Watched(
        seen=[(1.0, FIGHT) if moment in odd else (0.0, WALK) for moment in range(moments)]
    )
    found = find(video, calls=calls)

    assert len(video.looks) == len({*video.looks}) == min(calls, moments)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert all(0 <= one.start < one.end <= 2.0 * moments for one in found.segments)


def test_without_a_budget_every_moment_is_looked_at_once() -> None:
    video = with_event()
    find(video)

    assert sorted(video.looks) == list(range(120))


def test_what_was_seen_once_is_not_looked_at_again() -> None:
    video = with_event()
    context = context_of(video, calls=30)
    first = localise(context)

    np.testing.assert_array_equal(localise(context).scores, first.scores)
    assert len(video.looks) == 30


def test_a_budget_of_nothing_still_takes_one_look() -> None:
    video = calm(9)

    assert find(video, calls=0).looked == (4,)


@pytest.mark.parametrize("calls", [None, 1, 7, 30])
@pytest.mark.parametrize("moments", [1, 2, 90])
def test_an_all_normal_video_scores_nothing_and_has_no_segment(
    moments: int, calls: int | None
) -> None:
    found = find(calm(moments), calls=calls)

    assert not found.scores.any()
    assert found.segments == ()


@pytest.mark.parametrize("calls", [None, 1, 5, 23])
@pytest.mark.parametrize("moments", [1, 2, 90])
def test_a_video_that_is_one_event_is_flat_from_end_to_end(moments: int, calls: int | None) -> None:
    found = find(Watched(seen=[(1.0, FIGHT)] * moments), calls=calls)

    np.testing.assert_allclose(found.scores, found.scores[0])
    assert [(one.start, one.end) for one in found.segments] == [(0, 2.0 * moments)]


@pytest.mark.parametrize("moments", [2, 5])
def test_a_verdict_that_nothing_bears_out_is_dropped(moments: int) -> None:
    video = Watched(seen=[(1.0, FIGHT), *[(0.0, WALK)] * (moments - 1)])

    assert not find(video).scores.any()
    assert find(video, steps=Steps(support=np.ones_like)).scores[0] > 0.4


def test_time_backwards_gives_the_scores_backwards() -> None:
    video = with_event(100, 10, 30)
    turned = Watched(seen=video.seen[::-1])

    np.testing.assert_allclose(find(turned).scores, find(video).scores[::-1], atol=1e-6)


def test_without_reflection_a_lonely_verdict_counts_for_more() -> None:
    """The verdict at 10 stands alone and is told as the event is: only reflection tells them."""
    seen = [(0.0, WALK)] * 120
    seen[10] = (1.0, FIGHT)
    seen[50:66] = [(1.0, FIGHT)] * 16
    video = Watched(seen=seen)
    with_it = find(video).scores
    without = find(video, steps=Steps(support=np.ones_like)).scores

    assert with_it[10] < 0.8 * without[10]
    assert with_it[58] > 0.95 * without[58]


def test_doubts_go_by_the_neighbours_of_each_moment() -> None:
    seen = [(0.0, WALK)] * 9
    seen[4] = (1.0, FIGHT)
    start = LocalisationState(looked=(), doubts=(), settled=(), scores=(), segments=())
    state = build_localisation().invoke(start, context=context_of(Watched(seen=seen)))

    assert state["doubts"] == pytest.approx((1, 1, 0.75, 0.75, 1, 0.75, 0.75, 1, 1))
    assert state["settled"] == (0.0,) * 9


@pytest.mark.parametrize("start", [0, 24, 50, 88, 104])
@pytest.mark.parametrize("every", [9, 17, 31])
def test_a_planted_event_scores_above_every_false_alarm(start: int, every: int) -> None:
    video = with_event(120, start, start + 16, every=every)
    found = find(video)

    inside = found.scores[start : start + 16]
    beyond = [place for place in range(120) if not start - 8 <= place < start + 24]
    assert inside.min() > 1.5 * max(found.scores[beyond])
    assert len(found.segments) == 1
    one = found.segments[0]
    shared = min(one.end / 2, start + 16) - max(one.start / 2, start)
    assert shared / (max(one.end / 2, start + 16) - min(one.start / 2, start)) > 0.5


@pytest.mark.parametrize("calls", [16, 30, 60])
def test_a_planted_event_is_found_with_fewer_looks(calls: int) -> None:
    video = with_event()
    found = find(video, calls=calls)

    assert 50 <= found.scores.argmax() < 66
    inside = [moment for moment in found.looked if 50 <= moment < 66]
    assert len(inside) / len(found.looked) > 16 / 120  # looked closer where it matters


def test_what_happened_grades_above_what_was_only_called_anomalous() -> None:
    """Equal verdicts: only the sentences tell the fight from the door."""
    seen = [(0.0, WALK)] * 80
    seen[15:25] = [(1.0, DOOR)] * 10
    seen[55:65] = [(1.0, FIGHT)] * 10
    video = Watched(seen=seen)

    scores = find(video).scores
    flat = find(video, steps=Steps(grade=np.zeros_like)).scores
    assert scores[60] > scores[20] + 0.2
    assert flat[60] == pytest.approx(flat[20], abs=0.05)


def test_settings_decide_when_a_segment_starts() -> None:
    video = with_event()
    strict = LocalisationContext(
        perception=video, space=SPACE, grader=GRADER, settings=LocalisationSettings(alarm=1.0)
    )

    assert find(video).segments
    assert localise(strict).segments == ()
