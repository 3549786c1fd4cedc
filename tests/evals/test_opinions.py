from datetime import UTC, datetime

import pytest

from vau_agent.evals.opinions import to_record
from vau_agent.results import (
    ModelCard,
    Models,
    Result,
    ResultEvent,
    ResultVerdict,
    ResultVideo,
    StageRecord,
    UsageTotals,
)
from vau_agent.schemas import Claim, Coverage, CurvePoint, Segment, Stage, Verdict

FIRST, SECOND = Segment(start=0, end=60), Segment(start=60, end=120)
NORMAL = Verdict(label="normal", confidence=0.9)
OPEN = Verdict(label="inconclusive", reason="too dark")


def fight(start: float, end: float, confidence: float | None = 0.7) -> Verdict:
    segment = Segment(start=start, end=end)
    return Verdict(label="anomalous", category="fighting", segment=segment, confidence=confidence)


def said(stage: Stage, window: Segment, verdict: Verdict | None, number: int = 0) -> StageRecord:
    text = f"{stage} {window.start:g}"
    claims = (Claim(text=f"claim of {text}"),)
    return StageRecord(
        stage=stage, window=window, round=number, text=text, verdict=verdict, claims_kept=claims
    )


def result(
    *stages: StageRecord, share: float = 1.0, events: tuple[ResultEvent, ...] = ()
) -> Result:
    return Result(
        schema="vau.result/1",
        run_id="r1",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        tool="t",
        video=ResultVideo(
            name="00001.mp4",
            sha256="0" * 64,
            bytes=1,
            duration_s=120,
            frame_rate_mode="constant",
            width=1,
            height=1,
            codec="h264",
            container="mp4",
        ),
        verdict=ResultVerdict(
            label="anomalous" if events else "normal",
            category="fire" if events else None,
            confidence=0.6,
        ),
        events=events,
        curve=(CurvePoint(timestamp=0, score=0.1), CurvePoint(timestamp=60, score=0.4)),
        coverage=Coverage(duration_s=120, looked_at_s=120 * share, frames=9, share=share),
        stages=stages,
        models=Models(reasoner=ModelCard(id="rules")),
        usage=UsageTotals(calls=4, seconds=2.5),
    )


def fire(start: float, end: float, confidence: float | None) -> ResultEvent:
    return ResultEvent(
        id="e1",
        start_s=start,
        end_s=end,
        category="fire",
        score=0.9,
        title="Fire",
        summary="It burns.",
        confidence=confidence,
    )


def test_the_first_opinion_is_that_of_the_first_verdicts() -> None:
    record = to_record(
        "s",
        result(
            said("initial_reason", FIRST, NORMAL),
            said("initial_reason", SECOND, fight(70, 80)),
            said("self_reflect", SECOND, None),
            said("revise", SECOND, NORMAL),
        ),
    )

    assert record.initial is not None and record.final is not None
    assert (record.initial.label, record.initial.category) == ("anomalous", "fighting")
    assert record.initial.events == (Segment(start=70, end=80),)
    assert record.initial.scores == (0.7,)
    assert record.final.label == "normal"


@pytest.mark.parametrize(
    ("verdicts", "share", "label"),
    [
        ((NORMAL, NORMAL), 1.0, "normal"),
        ((NORMAL, OPEN), 1.0, "inconclusive"),
        ((OPEN, fight(70, 80)), 1.0, "anomalous"),
        ((NORMAL, NORMAL), 0.2, "inconclusive"),
    ],
)
def test_windows_are_joined_by_the_rule_of_the_graph(
    verdicts: tuple[Verdict, Verdict], share: float, label: str
) -> None:
    stages = [
        said("initial_reason", window, verdict)
        for window, verdict in zip((FIRST, SECOND), verdicts, strict=True)
    ]

    record = to_record("s", result(*stages, share=share))

    assert record.initial is not None
    assert record.initial.label == label


def test_a_confidence_is_the_probability_of_an_anomaly() -> None:
    quiet = to_record("s", result(said("initial_reason", FIRST, NORMAL)))
    burning = to_record("s", result(events=(fire(1, 2, 0.6),)))

    assert quiet.initial is not None and quiet.final is not None and burning.final is not None
    assert quiet.initial.confidence == pytest.approx(0.1)
    assert quiet.final.confidence == pytest.approx(0.4)
    assert burning.final.confidence == pytest.approx(0.6)


def test_a_severity_is_kept_first_and_last() -> None:
    quiet = to_record("s", result(said("initial_reason", FIRST, fight(1, 2))))
    unclear = to_record("s", result(said("initial_reason", FIRST, OPEN)))

    assert quiet.initial is not None and quiet.final is not None and unclear.initial is not None
    assert (quiet.initial.severity, quiet.final.severity) == (2, 0)
    assert unclear.initial.severity == 1


def test_scores_are_given_for_all_events_or_for_none() -> None:
    record = to_record("s", result(events=(fire(1, 2, 0.6), fire(3, 4, None))))

    assert record.final is not None
    assert len(record.final.events) == 2
    assert record.final.scores == ()


def test_a_record_keeps_curve_cost_and_words() -> None:
    record = to_record(
        "s",
        result(
            said("initial_reason", FIRST, NORMAL),
            said("self_reflect", FIRST, None),
            said("revise", FIRST, NORMAL, 1),
            said("initial_reason", SECOND, NORMAL),
        ),
    )

    assert [(one.t_s, one.score) for one in record.curve] == [(0, 0.1), (60, 0.4)]
    assert record.usage.calls == 4
    assert record.coverage == 1
    assert record.initial_text == "initial_reason 0 initial_reason 60"
    assert record.reflection_text == "self_reflect 0"
    assert record.reasoning == "revise 0 initial_reason 60"
    assert record.description == "claim of revise 0 claim of initial_reason 60"


def test_events_describe_a_video_before_anything_else() -> None:
    record = to_record(
        "s", result(said("initial_reason", FIRST, fight(1, 2)), events=(fire(1, 2, 0.6),))
    )

    assert record.description == "It burns."
