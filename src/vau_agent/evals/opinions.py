"""From a result to a record: what was held before any reflection, and what in the end."""

from collections.abc import Sequence

from vau_agent.evals.records import CurveSample, Opinion, Record
from vau_agent.graphs.decisions import decide_video, severity_of
from vau_agent.results import Result, StageRecord
from vau_agent.schemas import Finding, Label, Segment, Stage


def to_record(sample_id: str, result: Result) -> Record:
    """Keep of a result what is scored."""
    first = _of_stage(result, "initial_reason")
    return Record(
        schema="vau.record/1",
        sample_id=sample_id,
        run_id=result.run_id,
        initial=initial_opinion(result),
        final=final_opinion(result),
        curve=tuple(CurveSample(t_s=point.timestamp, score=point.score) for point in result.curve),
        duration_s=result.video.duration_s,
        description=_described(result) or None,
        reasoning=_texts(_last_reasoning(result)) or None,
        initial_text=_texts(first) or None,
        reflection_text=_texts(_of_stage(result, "self_reflect")) or None,
        usage=result.usage,
        coverage=result.coverage.share,
    )


def initial_opinion(result: Result) -> Opinion:
    """Join each window's first verdict by the rule that joins the last ones in a run.

    Had nothing been revised, this would have been the result.
    """
    findings = [
        Finding(window=stage.window, verdict=stage.verdict, claims=(), frames=(), rounds=0)
        for stage in _of_stage(result, "initial_reason")
        if stage.verdict is not None
    ]
    verdict = decide_video(findings, result.coverage)
    anomalous = [one for one in findings if one.verdict.label == "anomalous"]
    return Opinion(
        label=verdict.label,
        category=verdict.category,
        events=tuple(one.verdict.segment or one.window for one in anomalous),
        scores=_confidences([one.verdict.confidence for one in anomalous]),
        confidence=_probability(verdict.label, verdict.confidence),
        severity=severity_of(verdict),
    )


def final_opinion(result: Result) -> Opinion:
    """Give what the result states."""
    verdict = result.verdict
    return Opinion(
        label=verdict.label,
        category=verdict.category,
        events=tuple(Segment(start=event.start_s, end=event.end_s) for event in result.events),
        scores=_confidences([event.confidence for event in result.events]),
        confidence=_probability(verdict.label, verdict.confidence),
        severity=verdict.severity,
    )


def _probability(label: Label, confidence: float | None) -> float | None:
    """Turn the confidence in a verdict into the probability that the video is anomalous."""
    if confidence is None or label == "inconclusive":
        return None
    return confidence if label == "anomalous" else 1 - confidence


def _confidences(given: Sequence[float | None]) -> tuple[float, ...]:
    known = tuple(one for one in given if one is not None)
    return known if len(known) == len(given) else ()


def _of_stage(result: Result, stage: Stage) -> tuple[StageRecord, ...]:
    return tuple(one for one in result.stages if one.stage == stage)


def _last_reasoning(result: Result) -> tuple[StageRecord, ...]:
    """Give, for each window, the reasoning that stood in the end."""
    last = {
        (one.window.start, one.window.end): one
        for one in result.stages
        if one.stage in ("initial_reason", "revise")
    }
    return tuple(last.values())


def _described(result: Result) -> str:
    told = " ".join(event.summary for event in result.events).strip()
    if told:
        return told
    return " ".join(claim.text for one in _last_reasoning(result) for claim in one.claims_kept)


def _texts(stages: Sequence[StageRecord]) -> str:
    return " ".join(one.text for one in stages).strip()
