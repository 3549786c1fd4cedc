"""Evidence as text: what a language model reads, and a person can check."""

import hashlib

from vau_agent.schemas import Box, Candidate, Evidence, FrameRef, Measurement

MAX_NOTE_CHARS = 300
"""A note or warning longer than this is cut: notes are remarks, not documents."""


def evidence_fence(run_id: str) -> str:
    """Give the word that fences quoted data in one run: fixed for the run, unknown beforehand."""
    return "data-" + hashlib.sha256(f"fence:{run_id}".encode()).hexdigest()[:12]


def quote_data(text: str, fence: str) -> str:
    """Put `text` between the fence's lines; it cannot close them itself."""
    # What stands in its place holds a character that no fence has, so no new one can grow from it.
    return f"<<<{fence}\n{text.replace(fence, '(data)')}\n{fence}>>>"


def render_evidence(evidence: Evidence) -> str:
    """Write measurements, frames and remarks as a compact table."""
    window = evidence.window
    lines = [f"window {window.start:.2f} to {window.end:.2f} s"]
    if evidence.coverage is not None:
        coverage = evidence.coverage
        lines.append(
            f"measured: {coverage.frames} frames, "
            f"{coverage.share:.0%} of {coverage.duration_s:.1f} s"
        )
    for measurement in evidence.measurements:
        lines.extend(_measurement_lines(measurement))
    lines.extend(_frame_lines(evidence.frames))
    lines.extend(f"warning: {one_line(warning)}" for warning in evidence.warnings)
    return "\n".join(lines)


def _measurement_lines(measurement: Measurement) -> list[str]:
    segment = measurement.segment
    lines = [f"{one_line(measurement.tool)} {segment.start:.2f} to {segment.end:.2f} s"]
    if measurement.seeks_events and not measurement.candidates:
        lines.append("  nothing unusual measured")
    lines.extend(_candidate_line(candidate) for candidate in measurement.candidates)
    lines.extend(f"  note: {one_line(note)}" for note in measurement.notes)
    return lines


def _candidate_line(candidate: Candidate) -> str:
    segment = candidate.segment
    cues = sorted(candidate.cues.items(), key=lambda cue: (-cue[1], cue[0]))
    listed = ", ".join(f"{one_line(name)} {value:.2f}" for name, value in cues) or "no cue"
    return (
        f"  {segment.start:.2f} to {segment.end:.2f} s, score {candidate.score:.2f}, "
        f"peak at {candidate.peak:.2f} s: {listed}{_place(candidate.box)}"
    )


def _part(crop: Box | None) -> str:
    return "" if crop is None else f" (only the part{_place(crop).removeprefix('; at')})"


def _place(box: Box | None) -> str:
    if box is None:
        return ""
    return (
        f"; at x {box.x:.2f} y {box.y:.2f}, {box.width:.2f} wide, {box.height:.2f} high "
        "(shares of the picture)"
    )


def _frame_lines(frames: tuple[FrameRef, ...]) -> list[str]:
    if not frames:
        return ["no frames"]
    listed = ", ".join(
        f"{frame.frame_id} {frame.timestamp:.2f} s{_part(frame.crop)}" for frame in frames
    )
    return [f"frames: {listed}"]


def one_line(text: str) -> str:
    """Keep a remark on its line and without tags."""
    line = " ".join(text.split()).replace("<", "(").replace(">", ")")
    return line if len(line) <= MAX_NOTE_CHARS else line[: MAX_NOTE_CHARS - 1] + "…"
