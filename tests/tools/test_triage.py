import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from vau_agent.schemas import CurvePoint, Segment, VideoInfo
from vau_agent.settings import TriageSettings
from vau_agent.tools.triage import TriageResult, triage
from vau_agent.tools.video.base import Frame, Image, PacketIndex
from vau_agent.tools.video.scenes.scene import Scene
from vau_agent.tools.video.synthetic import TIME_BASE

Triaged = Callable[[str], tuple[Scene, TriageResult]]

EVENT_CUES = {
    "fighting": "erratic",
    "fall": "impact",
    "fire": "fire_colour",
    "explosion": "flash",
    "road accident": "impact",
    "abandoned object": "object_left",
    "object removed": "object_removed",
    "crowd panic": "crowd",
    "unusual motion": "speed",
}

HARD_NORMALS = ("walking", "empty", "light switched on", "headlights")


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVENT_CUES)
def test_an_event_is_proposed_where_it_happens(triaged: Triaged, kind: str) -> None:
    scene, result = triaged(kind)
    (event,) = scene.events
    near = Segment(start=max(0.0, event.segment.start - 1), end=event.segment.end + 1)
    assert any(one.segment.overlap(near) > 0 for one in result.candidates)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "cue"), EVENT_CUES.items())
def test_an_event_raises_the_cue_it_should(triaged: Triaged, kind: str, cue: str) -> None:
    scene, result = triaged(kind)
    (event,) = scene.events
    assert _highest(result, cue, event.segment.start - 0.5, event.segment.end + 1) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("kind", HARD_NORMALS)
def test_a_hard_normal_scene_stays_quiet(triaged: Triaged, kind: str) -> None:
    _, result = triaged(kind)
    assert result.candidates == ()


@pytest.mark.slow
def test_a_shaking_camera_is_no_event(triaged: Triaged) -> None:
    _, result = triaged("camera shake")
    assert any("the camera moves" in note for note in result.notes)
    # the scene's passer-by may be proposed at the start, while nothing is known of the sizes of
    # things; the shaking, which comes later, may not
    assert [one for one in result.candidates if one.segment.end > 3.5] == []


@pytest.mark.slow
def test_a_cut_is_noted_and_is_no_event(triaged: Triaged) -> None:
    scene, result = triaged("camera cut")
    (cut,) = result.cuts
    assert scene.script.cut_at is not None
    assert cut == pytest.approx(scene.script.cut_at, abs=0.15)
    assert _highest(result, "flash", cut - 1, cut + 1) == 0


@pytest.mark.slow
def test_a_flash_is_no_cut(triaged: Triaged) -> None:
    assert triaged("explosion")[1].cuts == ()


@pytest.mark.slow
def test_the_box_lies_on_what_burns(triaged: Triaged) -> None:
    scene, result = triaged("fire")
    truth = scene.events[0].box
    strongest = max(result.candidates, key=lambda one: one.score)
    assert strongest.box is not None
    x = strongest.box.x + strongest.box.width / 2
    y = strongest.box.y + strongest.box.height / 2
    assert truth.x - 0.1 <= x <= truth.x + truth.width + 0.1
    assert truth.y - 0.1 <= y <= truth.y + truth.height + 0.1


def test_a_still_scene_is_skipped_and_fully_covered(triaged: Triaged) -> None:
    _, result = triaged("empty")
    assert result.coverage.share == 1
    assert result.coverage.gaps == ()
    assert result.moments_skipped > 0.9 * result.coverage.frames


def test_every_moment_is_reported_in_order_while_it_is_measured() -> None:
    points: list[CurvePoint] = []
    reader = _Drawn(duration_s=5.0)
    result = triage(reader, TriageSettings(), on_moment=points.append)
    assert [point.timestamp for point in points] == [one.timestamp for one in result.curve]


def test_a_video_of_one_frame_has_a_curve_of_one_quiet_point() -> None:
    result = triage(_Drawn(duration_s=0.1), TriageSettings())
    assert [point.score for point in result.curve] == [0]
    assert result.candidates == ()


def test_a_long_video_is_searched_coarse_to_fine_and_the_event_is_found() -> None:
    settings = TriageSettings(
        dense_seconds=60, dense_windows_per_hour=12, dense_window_seconds=20, longest_side=64
    )
    reader = _Drawn(duration_s=3600, burns=Segment(start=2011, end=2018))
    result = triage(reader, settings)
    assert any(one.segment.overlap(Segment(start=2011, end=2020)) for one in result.candidates)
    assert result.coverage.looked_at_s <= 12 * 20 + 1e-6
    assert result.coverage.share == pytest.approx(result.coverage.looked_at_s / 3600)
    seen = sum(gap.duration for gap in result.coverage.gaps) + result.coverage.looked_at_s
    assert seen == pytest.approx(3600)
    assert reader.decoded <= 12 * 20 * 10 + 3600 / 10


def test_a_file_with_one_keyframe_in_hours_is_read_on_up_to_the_bound() -> None:
    settings = TriageSettings(dense_seconds=30, longest_side=64)
    reader = _Drawn(duration_s=1800, keyframe_seconds=1800)
    result = triage(reader, settings)
    assert result.coverage.looked_at_s == 30
    assert "keyframes lie" in result.coverage.note
    assert reader.decoded <= 301


def test_memory_stays_flat_in_the_length_of_the_video() -> None:
    settings = TriageSettings(dense_seconds=10_000, longest_side=64, max_moments=100, fps=2)
    short = _peak_bytes(_Drawn(duration_s=60), settings)
    long = _peak_bytes(_Drawn(duration_s=600), settings)
    assert long < 1.2 * short


def _peak_bytes(reader: "_Drawn", settings: TriageSettings) -> int:
    tracemalloc.start()
    try:
        assert len(triage(reader, settings).curve) <= settings.max_moments
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _highest(result: TriageResult, cue: str, start: float, end: float) -> float:
    return max(
        (one.cues.get(cue, 0.0) for one in result.curve if start <= one.timestamp < end),
        default=0.0,
    )


@dataclass(kw_only=True)
class _Drawn:
    """A reader over a patterned wall where, for a while, something flame-coloured flickers."""

    duration_s: float
    burns: Segment | None = None
    keyframe_seconds: float = 10.0
    decoded: int = 0
    _wall: Image = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        coarse = rng.integers(60, 120, (12, 16, 1), dtype=np.uint8)
        self._wall = np.kron(coarse, np.ones((4, 4, 3), dtype=np.uint8))

    @property
    def info(self) -> VideoInfo:
        return VideoInfo(
            sha256="0" * 64,
            bytes=1,
            container="synthetic",
            codec="rawvideo",
            width=64,
            height=48,
            duration_s=self.duration_s,
            frame_rate_mode="constant",
            average_fps=10,
            frame_count=round(self.duration_s * 10),
            keyframe_count=1 + int(self.duration_s / self.keyframe_seconds),
        )

    def packet_index(self) -> PacketIndex:
        times = np.arange(round(self.duration_s * 10)) / 10
        keys = np.isclose(times % self.keyframe_seconds, 0, atol=0.05)
        rng = np.random.default_rng(1)
        sizes = np.where(keys, 5000, rng.integers(90, 110, len(times)))
        if self.burns is not None:
            sizes[(times >= self.burns.start) & (times < self.burns.end)] += 400
        return PacketIndex(
            timestamps=times,
            pts=(times / float(TIME_BASE)).astype(np.int64),
            sizes=sizes.astype(np.int64),
            keys=keys,
            time_base=TIME_BASE,
        )

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        for number in range(int(self.duration_s / self.keyframe_seconds)):
            yield self._frame(number * self.keyframe_seconds)

    def frames(
        self,
        segment: Segment | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        start, end = (segment.start, segment.end) if segment else (0.0, self.duration_s)
        for number in range(max(1, round((end - start) * (fps or 10)))):
            yield self._frame(start + number / (fps or 10))

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        for timestamp in timestamps:
            yield self._frame(timestamp)

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def _frame(self, timestamp: float) -> Frame:
        self.decoded += 1
        image = self._wall.copy()
        if self.burns is not None and self.burns.contains(timestamp):
            rng = np.random.default_rng(round(timestamp * 100))
            spots = rng.random((16, 16)) < 0.6
            image[20:36, 30:46][spots] = (250, 150, 20)
        return Frame(
            timestamp=timestamp,
            pts=round(timestamp / float(TIME_BASE)),
            time_base=TIME_BASE,
            image=image,
        )
