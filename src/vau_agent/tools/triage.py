"""The anomaly curve of a video and the segments it proposes, measured without any model.

Short videos are measured from end to end. Long ones are searched coarse to fine: packet sizes and
keyframes choose windows, and only these are measured; `Coverage` says what was looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.schemas import Box, Candidate, Coverage, CurvePoint, Segment, Value
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Meter
from vau_agent.tools.candidates import build_candidate, find_segments
from vau_agent.tools.coarse import LastingChanges, choose_windows, packet_activity
from vau_agent.tools.cues.appearance import Appearance
from vau_agent.tools.cues.measure import Measured, MomentMeter
from vau_agent.tools.cues.moments import COLUMNS, REGIONAL, ROWS, SINGLE, MomentStore
from vau_agent.tools.cues.normal import (
    Curve,
    combine_alarm,
    combine_score,
    measure_cues,
    regional_cue,
)
from vau_agent.tools.duplicates import DuplicateFilter
from vau_agent.tools.video.base import Frame, VideoReader

_SEEKABLE_SECONDS: Final = 120.0
"""Mean time between keyframes above which a seek costs more than reading on."""

_BOX_SHARE: Final = 0.5
"""Neighbouring regions with this share of the strongest one's value belong to the box."""

OnMoment = Callable[[CurvePoint], None]


class TriageResult(Value):
    """What triage found."""

    curve: tuple[CurvePoint, ...]
    candidates: tuple[Candidate, ...]
    coverage: Coverage
    cuts: tuple[float, ...] = ()
    """Times at which another scene begins; nothing is scored across them."""
    notes: tuple[str, ...] = ()
    """Sentences about what was measured, skipped or could not be trusted."""
    moments_skipped: int = 0
    """Near-duplicates, counted as moments in which nothing moves."""


@dataclass(kw_only=True, slots=True)
class Measurements:
    """Everything measured in one or more passes over a video; turned into a curve at the end."""

    settings: TriageSettings
    store: MomentStore
    cuts: list[float] = field(default_factory=list)
    frames: int = 0
    skipped: int = 0
    unsteady: int = 0
    camera_moved: int = 0

    @classmethod
    def empty(cls, settings: TriageSettings) -> "Measurements":
        """Begin."""
        return cls(settings=settings, store=MomentStore(capacity=settings.max_moments))

    def add_frames(self, frames: Iterator[Frame], *, on_moment: OnMoment | None = None) -> None:
        """Measure one unbroken run of frames."""
        meter = MomentMeter()
        duplicates = DuplicateFilter(
            block_change=self.settings.duplicate_block_change,
            keep_every_seconds=self.settings.keep_every_seconds,
        )
        for frame in frames:
            is_new = duplicates.keeps(frame.image, frame.timestamp)
            measured = meter.measure(frame) if is_new else meter.skip(frame)
            self._note(measured)
            if on_moment is not None:
                on_moment(_provisional(measured))
        self.skipped += duplicates.skipped

    def _note(self, measured: Measured) -> None:
        self.frames += 1
        self.store.add(measured.moment)
        if measured.flash is not None:
            self.store.raise_single("flash", *measured.flash)
        if measured.uncut in self.cuts:
            self.cuts = [cut for cut in self.cuts if cut < measured.uncut]
        if measured.cut:
            self.cuts.append(measured.moment.timestamp)
        self.unsteady += not measured.steady
        self.camera_moved += measured.camera_moved


def triage(
    reader: VideoReader,
    settings: TriageSettings,
    *,
    on_moment: OnMoment | None = None,
    appearance: Appearance | None = None,
    detector: Meter | None = None,
) -> TriageResult:
    """Measure a video and propose segments.

    Args:
        reader: The video.
        settings: How densely to look and where the alarm lies.
        on_moment: Called for every measured moment, in order, with a provisional point: its cues
            are compared with constants only, since the video's own normal is known at the end.
        appearance: How new the looks of this video's moments are, where it was embedded. Told in
            the curve; it takes no part in the score or in candidates.
        detector: Trained with a policy. What it finds is told in the curve too, and takes no part
            in score or candidates either: whoever has no detector gets the same ones.
    """
    duration = reader.info.duration_s
    measurements = Measurements.empty(settings)
    choice = _choose(reader, settings, duration)
    segments = choice.segments
    for segment in segments:
        frames = reader.frames(segment, fps=settings.fps, longest_side=settings.longest_side)
        measurements.add_frames(frames, on_moment=on_moment)
    looked_at = sum(segment.duration for segment in segments) if segments else duration
    if not segments:
        frames = reader.frames(fps=settings.fps, longest_side=settings.longest_side)
        measurements.add_frames(frames, on_moment=on_moment)
    detected = _detect(reader, detector, segments or (Segment(start=0, end=duration),))
    curve, candidates = evaluate(
        measurements, end=duration, appearance=appearance, detected=detected
    )
    return TriageResult(
        curve=curve,
        candidates=candidates,
        coverage=Coverage(
            duration_s=duration,
            looked_at_s=looked_at,
            frames=measurements.frames,
            share=min(1.0, looked_at / duration) if duration > 0 else 1.0,
            note=choice.note,
            gaps=_gaps(segments, duration),
            screened=choice.screened,
        ),
        cuts=tuple(measurements.cuts),
        notes=_notes(measurements),
        moments_skipped=measurements.skipped,
    )


def evaluate(
    measurements: Measurements,
    *,
    end: float,
    start: float = 0.0,
    appearance: Appearance | None = None,
    detected: Sequence[Candidate] | None = None,
) -> tuple[tuple[CurvePoint, ...], tuple[Candidate, ...]]:
    """Turn measurements into the curve and its candidates; what lies before `start` is left out."""
    store = measurements.store
    cues = measure_cues(store)
    scores = combine_score(store, cues)
    alarm = np.where(store.times < start - 1e-6, 0, combine_alarm(store, cues)).astype(np.float32)
    found = find_segments(
        store.times, alarm, measurements.settings, end=end, breaks=measurements.cuts
    )
    candidates = [_candidate(segment, peak, store, cues, alarm) for segment, peak in found]
    if appearance is not None:
        # only told: on rendered scenes it was no better than chance with the default embedder
        cues["appearance"] = appearance.at(store.times)
    if detected is not None:
        cues["detector"] = _height(detected, store.times)
    curve = tuple(
        CurvePoint(
            timestamp=float(store.times[row]),
            score=round(min(1.0, float(scores[row])), 6),
            cues={
                name: round(float(values[row]), 6)
                for name, values in cues.items()
                if values[row] >= 1e-6
            },
        )
        for row in range(store.count)
        if store.times[row] >= start - 1e-6
    )
    return curve, tuple(candidates)


def _detect(
    reader: VideoReader, detector: Meter | None, segments: Sequence[Segment]
) -> list[Candidate] | None:
    """Give what a detector finds in the measured segments; `None` where there is no detector."""
    if detector is None:
        return None
    measured = [detector.measure(reader, segment) for segment in segments]
    return [candidate for one in measured for candidate in one.candidates]


def _height(candidates: Sequence[Candidate], times: NDArray[np.float64]) -> Curve:
    """Give the highest score among the candidates at each time, 0 outside of all."""
    curve = np.zeros(len(times), dtype=np.float32)
    for one in candidates:
        inside = (times >= one.segment.start) & (times < one.segment.end)
        curve[inside] = np.maximum(curve[inside], one.score)
    return curve


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choice:
    """What is measured densely, and why."""

    segments: tuple[Segment, ...] = ()
    """None mean the whole video."""
    note: str
    screened: float = 1.0


def _choose(reader: VideoReader, settings: TriageSettings, duration: float) -> _Choice:
    """Choose what to measure."""
    if duration <= settings.dense_seconds:
        return _Choice(note=f"measured from end to end, {settings.fps:g} moments a second")
    index = reader.packet_index()
    if index.mean_gop_seconds > _SEEKABLE_SECONDS:
        first = Segment(start=0, end=settings.dense_seconds)
        return _Choice(
            segments=(first,),
            note=f"keyframes lie {index.mean_gop_seconds:.0f} s apart, so only the first "
            f"{settings.dense_seconds:.0f} s were measured",
            screened=0.0,
        )
    lasting = LastingChanges()
    for frame in reader.keyframes(longest_side=settings.longest_side):
        lasting.add(frame)
    activity = packet_activity(index, duration)
    windows = choose_windows(activity, lasting.found, duration, settings)
    return _Choice(
        segments=windows,
        note=f"packet sizes and {int(index.keys.sum())} keyframes of the whole video chose "
        f"{len(windows)} windows, measured at {settings.fps:g} moments a second",
    )


def _gaps(segments: Sequence[Segment], duration: float) -> tuple[Segment, ...]:
    """Give what lies between the measured segments; none were chosen when all was measured."""
    if not segments:
        return ()
    edges = [0.0, *(edge for one in segments for edge in (one.start, one.end)), duration]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Segment(start=start, end=end) for start, end in pairs if end - start > 1e-6)


def _provisional(measured: Measured) -> CurvePoint:
    store = MomentStore(capacity=1)
    store.add(measured.moment)
    cues = measure_cues(store)
    score = combine_score(store, cues)
    return CurvePoint(
        timestamp=measured.moment.timestamp,
        score=float(score[0]),
        cues={name: float(values[0]) for name, values in cues.items() if values[0] >= 0.005},
    )


def _candidate(
    segment: Segment, peak: int, store: MomentStore, cues: dict[str, Curve], scores: Curve
) -> Candidate:
    inside = (store.times >= segment.start - 1e-9) & (store.times < segment.end)
    highest = {name: float(values[inside].max()) for name, values in cues.items()}
    name = max(cues, key=lambda cue: cues[cue][peak])
    return build_candidate(
        segment,
        peak=float(store.times[peak]),
        score=min(1.0, float(scores[peak])),
        cues=highest,
        box=_box(name, peak, store),
    )


def _box(name: str, row: int, store: MomentStore) -> Box | None:
    if name in SINGLE:
        place = int(store.place[row, SINGLE.index(name)])
        return None if place < 0 else _around({place})
    values = regional_cue(store, REGIONAL.index(name))[row]
    best = int(values.argmax())
    near = {
        region
        for region in range(ROWS * COLUMNS)
        if abs(region // COLUMNS - best // COLUMNS) <= 1
        and abs(region % COLUMNS - best % COLUMNS) <= 1
        and values[region] >= _BOX_SHARE * values[best]
    }
    return _around(near | {best})


def _around(regions: set[int]) -> Box:
    rows = [region // COLUMNS for region in regions]
    columns = [region % COLUMNS for region in regions]
    return Box(
        x=min(columns) / COLUMNS,
        y=min(rows) / ROWS,
        width=(max(columns) - min(columns) + 1) / COLUMNS,
        height=(max(rows) - min(rows) + 1) / ROWS,
    )


def _notes(measurements: Measurements) -> tuple[str, ...]:
    notes: list[str] = []
    share = 1 / max(1, measurements.frames)
    if measurements.cuts:
        notes.append(f"{len(measurements.cuts)} cuts; nothing is compared across a cut")
    if measurements.camera_moved * share > 0.05:
        notes.append(
            f"the camera moves in {measurements.camera_moved * share:.0%} of the moments; "
            "its movement was taken away"
        )
    if measurements.unsteady * share > 0.05:
        notes.append(
            f"in {measurements.unsteady * share:.0%} of the moments the camera's movement could "
            "not be told from the scene's; scores there are less sure"
        )
    if measurements.store.merged > 1:
        notes.append(f"each point of the curve stands for {measurements.store.merged} moments")
    return tuple(notes)
