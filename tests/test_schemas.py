import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vau_agent.schemas import CATEGORIES, CUES, Claim, Reasoning, Segment, Verdict

TIMES = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(TIMES)
    return Segment(start=start, end=start + draw(st.floats(min_value=0.01, max_value=1e4)))


@pytest.mark.parametrize(("start", "end"), [(2, 2), (2, 1), (-1, 1), (0, float("nan"))])
def test_a_segment_starts_in_the_video_and_ends_later(start: float, end: float) -> None:
    with pytest.raises(ValidationError):
        Segment(start=start, end=end)


def test_a_segment_holds_its_start_and_not_its_end() -> None:
    segment = Segment(start=1, end=2)

    assert [segment.contains(at) for at in (0.9, 1, 1.9, 2)] == [False, True, True, False]


@given(segments(), segments())
def test_overlap_is_the_same_from_both_sides_and_never_too_long(one: Segment, two: Segment) -> None:
    assert one.overlap(two) == two.overlap(one)
    assert 0 <= one.overlap(two) <= min(one.duration, two.duration)
    assert one.overlap(one) == one.duration


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "normal", "category": "fall"},
        {"label": "normal", "segment": Segment(start=0, end=1)},
        {"label": "anomalous"},
        {"label": "inconclusive"},
        {"label": "odd"},
        {"label": "normal", "confidence": 1.1},
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(fields)


def test_values_are_frozen_and_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        Segment.model_validate({"start": 0, "end": 1, "middle": 0.5})
    with pytest.raises(ValidationError):
        Segment(start=0, end=1).end = 2  # type: ignore[misc]  # that it fails is the point


@pytest.mark.parametrize("frame", ["1", "f", "f1x", "F1", " f1"])
def test_a_claim_cites_frames_by_their_ids(frame: str) -> None:
    with pytest.raises(ValidationError):
        Claim(text="A door opens.", frames=(frame,))


def test_reasoning_reads_as_running_text() -> None:
    reasoning = Reasoning(
        claims=(Claim(text="A door opens."), Claim(text="Nobody comes.")),
        verdict=Verdict(label="normal"),
    )

    assert reasoning.text == "A door opens. Nobody comes."


def test_names_are_lower_case_and_told_once() -> None:
    assert list(CATEGORIES) == sorted(set(CATEGORIES))
    assert all(name == name.lower() for name in (*CATEGORIES, *CUES))
