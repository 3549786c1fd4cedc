import pytest

from vau_agent.graphs.decisions import decide_video, is_settled, severity_of
from vau_agent.schemas import Coverage, Finding, Segment, Verdict

WINDOW = Segment(start=0, end=60)
NORMAL = Verdict(label="normal", confidence=0.9)
DOUBT = Verdict(label="inconclusive", reason="two cues contradict each other")
FULL = Coverage(duration_s=60, looked_at_s=60, frames=600, share=1.0)


def anomaly(confidence: float, category: str = "fighting", start: float = 10) -> Verdict:
    return Verdict(
        label="anomalous",
        category=category,
        segment=Segment(start=start, end=start + 10),
        confidence=confidence,
    )


def finding(verdict: Verdict) -> Finding:
    return Finding(window=WINDOW, verdict=verdict, claims=(), frames=(), rounds=1)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([NORMAL], NORMAL),
        ([NORMAL, DOUBT], DOUBT),
        ([DOUBT, anomaly(0.6)], anomaly(0.6)),
        ([anomaly(0.6), anomaly(0.8, "fall")], anomaly(0.8, "fall")),
        (
            [NORMAL, Verdict(label="normal", confidence=0.7)],
            Verdict(label="normal", confidence=0.7),
        ),
    ],
)
def test_an_anomaly_outweighs_a_doubt_and_a_doubt_outweighs_normal(
    verdicts: list[Verdict], expected: Verdict
) -> None:
    assert decide_video([finding(one) for one in verdicts], FULL) == expected


@pytest.mark.parametrize(("share", "label"), [(0.5, "normal"), (0.49, "inconclusive")])
def test_nothing_found_means_little_where_little_was_looked_at(share: float, label: str) -> None:
    coverage = Coverage(duration_s=60, looked_at_s=60 * share, frames=1, share=share)

    assert decide_video([finding(NORMAL)], coverage).label == label


@pytest.mark.parametrize(
    ("verdict", "severity"),
    [(NORMAL, 0), (DOUBT, 1), (anomaly(0.9), 2), (anomaly(0.9, "loitering"), 1)],
)
def test_severity_says_how_soon_a_person_should_look(verdict: Verdict, severity: int) -> None:
    assert severity_of(verdict) == severity


@pytest.mark.parametrize(
    ("former", "revised", "settled"),
    [
        (NORMAL, Verdict(label="normal", confidence=0.1), True),
        (NORMAL, DOUBT, False),
        (anomaly(0.5), anomaly(0.9), True),
        (anomaly(0.5), anomaly(0.5, "fall"), False),
        (anomaly(0.5, start=10), anomaly(0.5, start=10.5), True),
        (anomaly(0.5, start=10), anomaly(0.5, start=11), False),
    ],
)
def test_a_revision_is_settled_when_nothing_of_weight_moved(
    former: Verdict, revised: Verdict, settled: bool
) -> None:
    assert is_settled(former, revised, 0.9) is settled


@pytest.mark.parametrize(
    ("share", "screened", "label"),
    [(0.1, 1.0, "normal"), (0.1, 0.0, "inconclusive"), (0.0, 0.9, "inconclusive")],
)
def test_what_was_only_screened_counts_half(share: float, screened: float, label: str) -> None:
    coverage = Coverage(
        duration_s=3600, looked_at_s=3600 * share, frames=1, share=share, screened=screened
    )

    assert decide_video([finding(NORMAL)], coverage).label == label
