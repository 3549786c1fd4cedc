"""What `analyze` prints when it is done: a few lines that stand on their own."""

from pathlib import Path

from vau_agent.reports.text import RISKS, confidence_words, one_line, verdict_words
from vau_agent.reports.times import span, took
from vau_agent.results import Result, ResultEvent


def summary_lines(result: Result, *, folder: Path, clips: int) -> list[str]:
    """Give verdict, reasons, and where to look, for a terminal."""
    lines = [f"VERDICT  {_verdict(result)}{'' if result.stopped is None else ', so far'}"]
    lines += [f"         {one_line(text)}" for text in _reasons(result)]
    facts = (
        f"Clips  {clips}",
        f"Time {took(result.usage.seconds)}",
        f"Calls {result.usage.calls}",
        f"Coverage {_coverage(result)}",
    )
    lines.append("     ".join((f"Report   {one_line(str(folder / 'report.html'))}", *facts)))
    lines += [f"Warning  {one_line(text)}" for text in result.warnings]
    return lines


def _verdict(result: Result) -> str:
    verdict = result.verdict
    parts = [verdict_words(verdict)]
    if result.events:
        first = result.events[0]
        parts.append(span(first.start_s, first.end_s))
        if len(result.events) > 1:
            parts.append(f"and {len(result.events) - 1} more")
    if verdict.label == "anomalous":
        parts.append(f"risk {RISKS[verdict.severity]}")
    parts.append(confidence_words(verdict.confidence, calibrated=verdict.calibrated))
    return ", ".join(parts)


def _reasons(result: Result) -> list[str]:
    if result.verdict.label == "inconclusive":
        return [result.verdict.inconclusive_reason or "no reason was recorded"]
    if len(result.events) == 1:
        return [_event(result.events[0])]
    return [f"{span(one.start_s, one.end_s)} {_event(one)}" for one in result.events]


def _event(event: ResultEvent) -> str:
    frames = " ".join(frame.frame_id for frame in event.evidence)
    return f"{event.summary} [{frames}]" if frames else event.summary


def _coverage(result: Result) -> str:
    note = f" ({one_line(result.coverage.note)})" if result.coverage.note else ""
    return f"{result.coverage.share:.0%}{note}"
