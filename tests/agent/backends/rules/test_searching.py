import pytest

from vau_agent.agent.policy import Policy
from vau_agent.schemas import Evidence, Measurement, Reflection, Segment, ToolCall, ToolResult
from vau_agent.testing import ImaginedVideo, candidate

SEARCH = "`search_clips` with `query`: the moments that look most like it"
ZOOM = "`zoom` with `start_s` and `end_s` (seconds): denser frames"
FIGHT = candidate(16, 28, score=0.8, erratic=0.9, motion=0.5)


def reflected(policy: Policy, evidence: Evidence) -> Reflection:
    return policy.self_reflect(policy.initial_reason(evidence).conversation).value


def able(rules: Policy, *tools: str) -> Policy:
    return Policy(backend=rules.backend, run_id=rules.run_id, tools=tools)


def found(policy: Policy, query: str) -> ToolResult:
    """Make what a search of the whole video brings."""
    window = Segment(start=0.0, end=40.0)
    measured = Measurement(
        tool="search_clips", segment=window, candidates=(), notes=("strong",), seeks_events=False
    )
    call = ToolCall(tool="search_clips", arguments={"query": query})
    return ToolResult(call=call, evidence=Evidence(window=window, measurements=(measured,)))


@pytest.mark.parametrize(("tools", "searches"), [((ZOOM,), False), ((ZOOM, SEARCH), True)])
def test_a_doubted_category_is_searched_for_where_that_is_offered(
    rules: Policy, video: ImaginedVideo, tools: tuple[str, ...], searches: bool
) -> None:
    reflection = reflected(able(rules, *tools), video.triage(FIGHT, step=5.0))

    assert bool(reflection.queries) == searches
    assert reflection.calls == reflected(rules, video.triage(FIGHT, step=5.0)).calls
    if searches:
        assert reflection.queries[0] == "fighting"


def test_what_is_accepted_is_not_searched_for(rules: Policy, video: ImaginedVideo) -> None:
    assert reflected(able(rules, ZOOM, SEARCH), video.triage(FIGHT, step=0.5)).queries == ()


def test_a_search_moves_no_verdict_and_is_made_once(rules: Policy, video: ImaginedVideo) -> None:
    policy = able(rules, ZOOM, SEARCH)
    first = policy.initial_reason(video.triage(FIGHT, step=5.0))
    doubted = policy.self_reflect(first.conversation)

    revised = policy.revise(doubted.conversation, [found(policy, "fighting")])

    assert revised.value.verdict == first.value.verdict
    assert policy.self_reflect(revised.conversation).value.queries == ()
