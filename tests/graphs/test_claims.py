import pytest

from vau_agent.graphs.claims import check_claims, check_reasoning
from vau_agent.schemas import Claim, FrameRef, Reasoning, Segment, Verdict

WINDOW = Segment(start=10, end=40)
FRAMES = {
    name: FrameRef(frame_id=name, timestamp=at, pts=int(at * 100), sha256="0" * 64)
    for name, at in {"f1": 12.0, "f2": 25.0}.items()
}


@pytest.mark.parametrize(
    ("text", "cited", "objection"),
    [
        ("Two people push each other.", ("f1",), None),
        ("They fall at 00:25.4.", ("f1", "f2"), None),
        ("Two people push each other.", (), "cites no frame"),
        ("Two people push each other.", ("f1", "f9"), "cites f9, which was never looked at"),
        ("A car leaves at 01:30.", ("f2",), "names a time outside the part that was looked at"),
        ("It starts at 00:09.2.", ("f1",), None),
        ("It starts at 00:08.", ("f1",), "names a time outside the part that was looked at"),
    ],
)
def test_a_claim_stands_only_on_what_was_looked_at(
    text: str, cited: tuple[str, ...], objection: str | None
) -> None:
    (checked,) = check_claims([Claim(text=text, frames=cited)], FRAMES, WINDOW)

    assert checked.struck == objection
    assert checked.text == text


def test_an_anomaly_without_a_standing_claim_is_inconclusive() -> None:
    claimed = Verdict(label="anomalous", category="fighting", segment=Segment(start=12, end=20))
    reasoning = Reasoning(claims=(Claim(text="A fight.", frames=("f7",)),), verdict=claimed)

    checked = check_reasoning(reasoning, FRAMES, WINDOW)

    assert checked.verdict.label == "inconclusive"
    assert "fighting" in str(checked.verdict.reason)


def test_one_standing_claim_keeps_the_verdict() -> None:
    claimed = Verdict(label="anomalous", category="fighting", segment=Segment(start=12, end=20))
    claims = (Claim(text="A fight.", frames=("f7",)), Claim(text="A blow.", frames=("f1",)))

    checked = check_reasoning(Reasoning(claims=claims, verdict=claimed), FRAMES, WINDOW)

    assert checked.verdict == claimed
    assert [claim.struck is None for claim in checked.claims] == [False, True]
