import pytest

from vau_agent.agent.backends.rules.verify import MIN_LOOK_S
from vau_agent.agent.policy import Policy
from vau_agent.schemas import Evidence, Segment, ToolResult, Verification
from vau_agent.testing import ImaginedVideo, candidate


def verified(rules: Policy, *results: ToolResult) -> Verification:
    return rules.verify([evidence_of(result) for result in results]).value


def evidence_of(result: ToolResult) -> Evidence:
    assert result.evidence is not None
    return result.evidence


def test_a_clear_event_is_judged_from_the_looks_alone(rules: Policy, video: ImaginedVideo) -> None:
    event = candidate(14.5, 18, score=0.8, erratic=0.9, motion=0.5)

    verification = verified(rules, video.zoom(12, 20, event), video.zoom(26, 30))

    assert verification.verdict is not None
    assert verification.verdict.category == "fighting"
    assert verification.verdict.segment == Segment(start=14.5, end=18)
    assert "12.0 s to 20.0 s, 26.0 s to 30.0 s" in verification.text


def test_quiet_looks_say_normal(rules: Policy, video: ImaginedVideo) -> None:
    verification = verified(rules, video.zoom(12, 20))

    assert verification.verdict is not None
    assert verification.verdict.label == "normal"


def test_a_look_that_seeks_no_events_is_no_opinion_on_them(
    rules: Policy, video: ImaginedVideo
) -> None:
    evidence = evidence_of(video.zoom(12, 20))
    shown = evidence.measurements[0].model_copy(update={"tool": "crop", "seeks_events": False})

    said = rules.verify([evidence.model_copy(update={"measurements": (shown,)})]).value

    assert said.verdict is None


@pytest.mark.parametrize(("seconds", "abstains"), [(MIN_LOOK_S - 0.2, True), (MIN_LOOK_S, False)])
def test_too_short_a_look_shows_nothing(
    rules: Policy, video: ImaginedVideo, seconds: float, abstains: bool
) -> None:
    assert (verified(rules, video.zoom(12, 12 + seconds)).verdict is None) is abstains


def test_two_readings_that_fit_equally_well_are_no_verdict(
    rules: Policy, video: ImaginedVideo
) -> None:
    event = candidate(14, 16, score=0.8, impact=0.8, speed=0.8)

    verification = verified(rules, video.zoom(12, 20, event))

    assert verification.verdict is None
    assert "equally well" in verification.text


def test_what_no_pattern_explains_is_no_verdict(rules: Policy, video: ImaginedVideo) -> None:
    event = candidate(14, 16, score=0.9, flicker=0.9)

    verification = verified(rules, video.zoom(12, 20, event))

    assert verification.verdict is None
    assert "no known pattern" in verification.text
