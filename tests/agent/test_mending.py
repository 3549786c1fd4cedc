import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.agent.mending import (
    MAX_ANSWER_CHARS,
    UNTOLD,
    exact_answer,
    find_interval,
    mend_answer,
    mend_confidence,
    mend_times,
)
from vau_agent.schemas import CATEGORIES, Segment

LIMITS = Segment(start=10, end=40)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        *((name, name) for name in CATEGORIES),
        ("**Fighting**", "fighting"),
        ("Fighting (two men)", "fighting"),
        ("A fight between two men near the door.", "fighting"),
        ("Final answer: RoadAccidents", "road accident"),
        ("Anomalous: fire", "fire"),
        ("Normal activity.", "normal"),
        ("Inconclusive - too dark", "inconclusive: too dark"),
        ("inconclusive", f"inconclusive: {UNTOLD}"),
        ("Abstain, because it is dark", "abstain"),
        ("There is fire", None),
        ("No fighting", None),
        ("Fire is not visible", None),
        ("Normal, no fighting", None),
        ("fighting or assault", None),
        ("fire and explosion", None),
        ("gun fire", None),
        ("A fire truck passes", None),
        ("Fall leaves on the road", None),
        ("Fire in the kitchen", "fire"),
        ("Normal traffic", "normal"),
        ("abnormal", None),
        ("anomalous", None),
        ("", None),
    ],
)
def test_an_answer_is_what_a_text_begins_with_and_nothing_against_it(
    body: str, answer: str | None
) -> None:
    assert mend_answer(body) == answer


@pytest.mark.parametrize(("extra", "is_read"), [(0, True), (1, False)])
def test_an_essay_is_no_answer(extra: int, is_read: bool) -> None:
    body = "fire in " + "x" * (MAX_ANSWER_CHARS - 8 + extra)

    assert (mend_answer(body) is not None) == is_read


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("fighting", "fighting"),
        ("Verdict: Fighting.", "fighting"),
        ("The final answer is normal [-1.0, -1.0]", "normal"),
        ("Answer: inconclusive: too dark", "inconclusive: too dark"),
        ("Two men are fighting", None),
        ("fighting, I think", None),
        ("Inconclusive evidence was found", None),
        ("It is normal", None),
    ],
)
def test_a_line_is_an_answer_only_as_a_whole(line: str, answer: str | None) -> None:
    assert exact_answer(line) == answer


@pytest.mark.parametrize(
    ("body", "confidence"),
    [
        ("0.62", 0.62),
        ("about 0.62.", 0.62),
        ("62%", 0.62),
        ("80 percent", 0.8),
        ("1", 1.0),
        (".5", 0.5),
        ("1.01", None),
        ("62", None),
        ("0,62", None),
        ("-0.1", None),
        ("0.6-0.7", None),
        ("high", None),
    ],
)
def test_a_confidence_is_the_only_share_in_a_text(body: str, confidence: float | None) -> None:
    assert mend_confidence(body) == confidence


@pytest.mark.parametrize(
    ("body", "times"),
    [
        ("[16, 28]", (16, 28)),
        ("16.0 to 28.5 s", (16, 28.5)),
        ("16-28", (16, 28)),
        ("from 16s until 28sec.", (16, 28)),
        ("00:16-00:28.5", (16, 28.5)),
        ("0:00:16 to 0:00:28", (16, 28)),
        ("[28, 16]", (16, 28)),
        ("[0, 400]", (10, 40)),
        ("[9.995, 20]", (10, 20)),
        ("[41, 50]", None),
        ("[1, 9]", None),
        ("[-5, 20]", None),
        ("[NaN, 20]", None),
        ("[1e999, 20]", None),
        ("16, 20, 28", None),
        ("16", None),
        ("f16 to f28", None),
    ],
)
def test_times_are_the_only_two_in_a_text(body: str, times: tuple[float, float] | None) -> None:
    read = mend_times(body, LIMITS)

    wanted = Segment(start=times[0], end=times[1]) if times else None
    assert (read.segment if read else None) == wanted


def test_minus_one_says_that_there_is_no_segment() -> None:
    read = mend_times("[-1.0, -1.0]", LIMITS)

    assert read is not None
    assert read.segment is None


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("it lasts [3.0, 5.5] s [f3]", "[3.0, 5.5]"),
        ("[3.0, 5.5] and again [3.0, 5.5]", "[3.0, 5.5]"),
        ("[3.0, 5.5] or [4.0, 5.5]", None),
        ("[f3, f4]", None),
        ("none", None),
    ],
)
def test_an_interval_is_found_when_it_is_the_only_one(text: str, interval: str | None) -> None:
    assert find_interval(text) == interval


@given(st.text(alphabet="0123456789.:,-[] sef", max_size=40))
def test_times_of_any_text_lie_within_the_limits(body: str) -> None:
    read = mend_times(body, LIMITS)
    if read is not None and read.segment is not None:
        assert LIMITS.start <= read.segment.start < read.segment.end <= LIMITS.end
