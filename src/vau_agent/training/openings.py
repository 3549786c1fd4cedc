"""The beginning of a row: a clip as the agent would first see it, with its truth beside it.

Times, frames and numbers are drawn anew for every row, so that a policy has to copy what is written
before it and cannot know times or frame ids by heart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vau_agent.agent.profile import ModelProfile
from vau_agent.schemas import Candidate, Evidence, FrameRef, Measurement, Segment
from vau_agent.tools.detection import DETECT, Detection, Rule, find_candidates
from vau_agent.training.clips import Clip
from vau_agent.training.config import RowsConfig
from vau_agent.training.detections import Detect, within
from vau_agent.training.scenes.truth import SceneTruth

LATEST_S: Final = 7200.0
"""Windows begin up to here."""
_LAST_NUMBER: Final = 400
"""Frame ids begin up to here."""
_FRAMES: Final = 8
"""Of a window, where a profile leaves it open; likewise of a zoom."""
_SHORTEST_LOOK_S: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A clip somewhere in a long video, and what was looked at first."""

    place: int
    """Of the clip in its store."""
    clip: Clip
    start: float
    """Seconds of the video before the clip."""
    number: int
    """Of the first frame."""
    bins: tuple[int, ...]
    """Which of the clip's pictures are shown at first, ascending."""
    detection: Detection | None
    """What the detector said, in the clip's time; `None` when it was not asked."""
    is_told_first: bool
    """Whether the first look comes with it; else the check of the first answer does."""
    rule: Rule
    frames_per_zoom: int

    @property
    def window(self) -> Segment:
        """The clip, in the video's time."""
        return self._shift(self.clip.segment)

    @property
    def truth(self) -> SceneTruth:
        """What happens, in the video's time."""
        truth = self.clip.truth
        segment = None if truth.segment is None else self._shift(truth.segment)
        return truth.model_copy(update={"segment": segment})

    @property
    def evidence(self) -> Evidence:
        """What the first reasoning is given."""
        measured = self._measured(self.window) if self.is_told_first else ()
        return Evidence(window=self.window, measurements=measured, frames=self._first)

    @property
    def held_back(self) -> tuple[Evidence, ...]:
        """What the check of the first answer is given, and the first answer was not."""
        if self.is_told_first or self.detection is None:
            return ()
        return (Evidence(window=self.window, measurements=self._measured(self.window)),)

    def look(self, segment: Segment) -> Evidence:
        """Give what a zoom into a segment of the video shows that was not shown yet."""
        times = self._times
        hidden = [
            place
            for place in range(len(times))
            if place not in self.bins and segment.contains(times[place])
        ]
        chosen = _spread(hidden, self.frames_per_zoom)
        frames = tuple(
            self._frame(place, self.number + len(self.bins) + count)
            for count, place in enumerate(chosen)
        )
        return Evidence(window=segment, measurements=self._measured(segment), frames=frames)

    def around(self, segment: Segment) -> Segment:
        """Widen a segment for a look: by a quarter at each side, whole tenths, in the window."""
        margin = max(0.25 * segment.duration, _SHORTEST_LOOK_S / 2)
        window = self.window
        start = max(window.start, round(segment.start - margin, 1))
        end = min(window.end, round(segment.end + margin, 1))
        if end - start < _SHORTEST_LOOK_S:
            start = max(window.start, end - _SHORTEST_LOOK_S)
        return Segment(start=start, end=end) if end > start else window

    def candidates(self, segment: Segment) -> tuple[Candidate, ...] | None:
        """Give what is measured in a segment, strongest first; `None` without a detector."""
        if self.detection is None:
            return None
        local = Segment(start=max(0.0, segment.start - self.start), end=segment.end - self.start)
        found = find_candidates(within(self.detection, local), self.rule)
        return tuple(
            one.model_copy(
                update={
                    "segment": _cut(self._shift(one.segment), segment),
                    "peak": one.peak + self.start,
                }
            )
            for one in found
            if self._shift(one.segment).overlap(segment) > 0
        )

    @property
    def _times(self) -> list[float]:
        edges = self.clip.boundaries
        middles = (edges[:-1] + edges[1:]) / 2 + self.start
        return [round(float(time), 3) for time in middles]

    @property
    def _first(self) -> tuple[FrameRef, ...]:
        return tuple(
            self._frame(place, self.number + count) for count, place in enumerate(self.bins)
        )

    def _frame(self, place: int, number: int) -> FrameRef:
        return FrameRef(
            frame_id=f"f{number}",
            timestamp=self._times[place],
            pts=place,
            sha256=picture_key(self.place, place),
        )

    def _measured(self, segment: Segment) -> tuple[Measurement, ...]:
        found = self.candidates(segment)
        if found is None:
            return ()
        return (Measurement(tool=DETECT, segment=segment, candidates=found),)

    def _shift(self, segment: Segment) -> Segment:
        return Segment(start=segment.start + self.start, end=segment.end + self.start)


def picture_key(place: int, picture: int) -> str:
    """Name a picture of a clip, where an analysed frame has the digest of its blob."""
    return f"{place}/{picture}"


def read_picture_key(key: str) -> tuple[int, int]:
    """Give the clip's place in its store and the picture's place in the clip."""
    place, picture = key.split("/")
    return int(place), int(picture)


def draw_opening(
    clip: Clip,
    place: int,
    chance: np.random.Generator,
    *,
    detect: Detect,
    rule: Rule,
    config: RowsConfig,
    profile: ModelProfile,
) -> Opening:
    """Draw where a clip stands, which frames are shown, and whether the detector was asked."""
    is_late = chance.random() < config.offset
    start = round(float(chance.uniform(0, LATEST_S)), 1) if is_late else 0.0
    count = min(profile.frames_per_window or _FRAMES, len(clip.pictures))
    is_uneven = chance.random() < config.uneven
    return Opening(
        place=place,
        clip=clip,
        start=start,
        number=int(chance.integers(1, _LAST_NUMBER)),
        bins=_choose_bins(len(clip.pictures), count, chance, is_uneven=is_uneven),
        detection=detect(clip) if chance.random() < config.detected else None,
        is_told_first=bool(chance.random() < config.told_first),
        rule=rule,
        frames_per_zoom=profile.frames_per_zoom or _FRAMES,
    )


def _choose_bins(
    bins: int, count: int, chance: np.random.Generator, *, is_uneven: bool
) -> tuple[int, ...]:
    if is_uneven:
        chosen = chance.choice(bins, size=count, replace=False)
        return tuple(sorted(int(one) for one in chosen))
    step = bins / count
    shift = chance.random() * max(0.0, step - 1)
    return tuple(sorted({min(bins - 1, int(one * step + shift + 0.5)) for one in range(count)}))


def _cut(one: Segment, limits: Segment) -> Segment:
    return Segment(start=max(one.start, limits.start), end=min(one.end, limits.end))


def _spread(places: Sequence[int], count: int) -> list[int]:
    if len(places) <= count:
        return list(places)
    return [places[int((one + 0.5) * len(places) / count)] for one in range(count)]
