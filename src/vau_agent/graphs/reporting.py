"""From state and records to the result document: nothing is decided here."""

from collections.abc import Iterable, Sequence
from typing import Final

from vau_agent import __version__
from vau_agent.agent.prompting import prompt_digests
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.decisions import severity_of
from vau_agent.graphs.recorder import CALL_KIND, called_completion, step_seconds
from vau_agent.memory.chain import Record
from vau_agent.results import (
    EvidenceFrame,
    Models,
    Result,
    ResultEvent,
    ResultVerdict,
    ResultVideo,
    StageRecord,
    UsageTotals,
)
from vau_agent.schemas import Candidate, Finding, FrameRef, Verdict, VideoInfo
from vau_agent.tools.triage import TriageResult

TOOL: Final = f"vau-agent {__version__}"


def build_result(
    context: AnalysisContext,
    *,
    video: VideoInfo,
    measured: TriageResult,
    findings: Sequence[Finding],
    verdict: Verdict,
    stopped: str | None = None,
) -> Result:
    """Join what the run found, said and spent into one document."""
    records = list(context.recorder.records())
    return Result(
        schema="vau.result/1",
        run_id=context.recorder.run_id,
        created=records[0].at,
        tool=TOOL,
        video=_video(video, str(records[0].body.get("name", ""))),
        verdict=ResultVerdict(
            label=verdict.label,
            category=verdict.category,
            severity=severity_of(verdict),
            confidence=verdict.confidence,
            calibrated=verdict.confidence_from == "calibrated",
            inconclusive_reason=verdict.reason,
        ),
        events=_events(findings, measured),
        curve=measured.curve,
        cuts=measured.cuts,
        coverage=measured.coverage,
        stages=tuple(_stages(records)),
        models=Models(reasoner=context.backend.card, embedder=context.embedder_card),
        prompts_sha256=prompt_digests(),
        usage=_usage(records),
        warnings=_warnings(video, measured, findings, records, stopped),
        stopped=stopped,
    )


def _video(video: VideoInfo, name: str) -> ResultVideo:
    return ResultVideo(
        name=name,
        sha256=video.sha256,
        bytes=video.bytes,
        duration_s=video.duration_s,
        frame_rate_mode=video.frame_rate_mode,
        width=video.width,
        height=video.height,
        codec=video.codec,
        container=video.container,
    )


def _events(findings: Sequence[Finding], measured: TriageResult) -> tuple[ResultEvent, ...]:
    anomalous = [one for one in findings if one.verdict.label == "anomalous"]
    return tuple(
        _event(f"e{number}", finding, measured) for number, finding in enumerate(anomalous, start=1)
    )


def _event(event_id: str, finding: Finding, measured: TriageResult) -> ResultEvent:
    verdict = finding.verdict
    segment = verdict.segment or finding.window
    standing = [claim.text for claim in finding.claims if claim.struck is None]
    score = max(
        (point.score for point in measured.curve if segment.contains(point.timestamp)), default=0.0
    )
    return ResultEvent(
        id=event_id,
        start_s=segment.start,
        end_s=segment.end,
        category=str(verdict.category),
        score=score,
        title=str(verdict.category).capitalize(),
        summary=" ".join(standing),
        confidence=verdict.confidence,
        severity=severity_of(verdict),
        evidence=tuple(_cited(frame, measured.candidates) for frame in finding.frames),
    )


def _cited(frame: FrameRef, candidates: Iterable[Candidate]) -> EvidenceFrame:
    """Cite a frame; a candidate's box is of the whole picture, so it is not drawn on a part."""
    showing = candidates if frame.crop is None else ()
    boxes = [one.box for one in showing if one.segment.contains(frame.timestamp) and one.box]
    return EvidenceFrame(
        frame_id=frame.frame_id,
        t_s=frame.timestamp,
        sha256=frame.sha256,
        box=boxes[0] if boxes else None,
    )


def _stages(records: Iterable[Record]) -> Iterable[StageRecord]:
    for record in records:
        if record.kind == "stage.finished" and "stage" in record.body:
            yield StageRecord.model_validate(record.body["stage"])


def _usage(records: Iterable[Record]) -> UsageTotals:
    records = list(records)
    usages = [called_completion(one).usage for one in records if one.kind == CALL_KIND]
    return UsageTotals(
        calls=len(usages),
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        seconds=round(sum(step_seconds(one) for one in records), 3),
    )


def _warnings(
    video: VideoInfo,
    measured: TriageResult,
    findings: Sequence[Finding],
    records: Iterable[Record],
    stopped: str | None,
) -> tuple[str, ...]:
    ended = [f"{stopped}; this result is partial"] if stopped is not None else []
    said = [str(one.body["text"]) for one in records if one.kind == "warning"]
    overruled = [
        f"measured cues reached {one.score:.2f} at {one.peak:.1f} s, the policy judged normal"
        for finding in findings
        if finding.verdict.label == "normal"
        for one in measured.candidates
        if one.segment.overlap(finding.window) > 0
    ]
    bare = [
        f"the policy judged {finding.window.start:.1f}-{finding.window.end:.1f} s normal, and no "
        "claim of it that stands cites a frame"
        for finding in findings
        if finding.verdict.label == "normal" and all(claim.struck for claim in finding.claims)
    ]
    told = [*ended, *video.warnings, *measured.notes, *said, *overruled, *bare]
    return tuple(dict.fromkeys(told))
