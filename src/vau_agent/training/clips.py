"""Clips: what a detector and a small policy are trained on, drawn from scenes and kept on disk.

A clip is a whole scene in equal bins, one motion picture a bin, with marks where those are of whom
the truth speaks. A store is a folder of shards, each
an array that is mapped into memory and a file of lines that say what is true of its clips; the
lines are written last, so a shard with them is whole.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from vau_agent.errors import SettingsError
from vau_agent.motion import MOTION_SECONDS, Image, pack_motion
from vau_agent.schemas import Box, Segment, Value
from vau_agent.tools.detector import squash
from vau_agent.training.scenes.splits import Split
from vau_agent.training.scenes.truth import SceneTruth

FRAMES: Final = 16
SIDE: Final = 128
MARKS: Final = 16
"""Cells along each side of a picture's marks."""

Pictures = NDArray[np.uint8]
"""Frames x height x width x 3, motion pictures."""
Marks = NDArray[np.uint8]
"""Frames x `MARKS` x `MARKS`: 255 where an actor of the truth is, 0 elsewhere."""


_MARKS_SUFFIX: Final = ".marks.npy"


class Drawable(Protocol):
    """A scene, as far as a clip needs it."""

    @property
    def split(self) -> Split:
        """Level it belongs to."""

    @property
    def seed(self) -> int:
        """Number within its split."""

    @property
    def duration_s(self) -> float:
        """Seconds."""

    @property
    def fps(self) -> float:
        """Pictures a second that its camera takes."""

    @property
    def truth(self) -> SceneTruth:
        """What happens in it."""

    def picture(self, timestamp: float) -> Image:
        """Draw what the camera sees at one time."""

    def boxes(self, timestamp: float) -> dict[str, Box]:
        """Give where the actors of the truth are, by name."""


class ClipRecord(Value):
    """What is known of a clip beside its pictures; with `split` and `seed` it is drawn again."""

    split: Split
    seed: int = Field(ge=0)
    duration_s: float = Field(gt=0)
    truth: SceneTruth

    def boundaries(self, bins: int) -> NDArray[np.float64]:
        """Give the `bins` + 1 times, in seconds, between which its bins lie."""
        return np.linspace(0.0, self.duration_s, bins + 1)

    def shares(self, bins: int) -> NDArray[np.float32]:
        """Give, for each bin, the share of it (0..1) that the event fills; zeros when normal."""
        segment = self.truth.segment
        if segment is None:
            return np.zeros(bins, dtype=np.float32)
        edges = self.boundaries(bins)
        inside = np.minimum(edges[1:], segment.end) - np.maximum(edges[:-1], segment.start)
        shares: NDArray[np.float32] = (np.clip(inside, 0, None) / np.diff(edges)).astype(np.float32)
        return shares


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """Motion pictures of a scene at the middles of equal bins, and what is true of it."""

    pictures: Pictures
    marks: Marks
    record: ClipRecord

    @property
    def boundaries(self) -> NDArray[np.float64]:
        """Seconds between which the pictures' bins lie, one more than pictures."""
        return self.record.boundaries(len(self.pictures))

    @property
    def truth(self) -> SceneTruth:
        """What happens in it."""
        return self.record.truth

    @property
    def segment(self) -> Segment:
        """The clip as a whole."""
        return Segment(start=0.0, end=self.record.duration_s)


def render_clip(scene: Drawable, *, frames: int = FRAMES, side: int = SIDE) -> Clip:
    """Draw a scene's motion pictures at the middles of `frames` equal bins, `side` pixels square.

    Times fall on the pictures that the scene's camera takes, as they would in a recorded video.
    """
    record = ClipRecord(
        split=scene.split, seed=scene.seed, duration_s=scene.duration_s, truth=scene.truth
    )
    edges = record.boundaries(frames)
    times = [_taken(scene, time) for time in (edges[:-1] + edges[1:]) / 2]
    return Clip(
        pictures=np.stack([_motion_picture(scene, time, side) for time in times]),
        marks=np.stack([mark_boxes(scene.boxes(time).values()) for time in times]),
        record=record,
    )


def unmarked(frames: int) -> Marks:
    """Give the marks of pictures of which nothing is told."""
    return np.zeros((frames, MARKS, MARKS), dtype=np.uint8)


def mark_boxes(boxes: Iterable[Box]) -> Marks:
    """Mark every cell that a box touches; give `MARKS` x `MARKS`."""
    marks = np.zeros((MARKS, MARKS), dtype=np.uint8)
    for box in boxes:
        left, top = int(box.x * MARKS), int(box.y * MARKS)
        right, bottom = np.ceil(((box.x + box.width) * MARKS, (box.y + box.height) * MARKS))
        marks[top : max(top + 1, int(bottom)), left : max(left + 1, int(right))] = 255
    return marks


def _motion_picture(scene: Drawable, taken: float, side: int) -> Image:
    before = None
    if taken >= MOTION_SECONDS:
        before = scene.picture(_taken(scene, taken - MOTION_SECONDS))
    return squash(pack_motion(scene.picture(taken), before), side)


def _taken(scene: Drawable, timestamp: float) -> float:
    """Give when the picture was taken that is shown at a time."""
    return float(np.floor(timestamp * scene.fps + 1e-6) / scene.fps)


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Clips that were written together: their seeds follow one another."""

    path: Path
    """Of the lines; the pictures lie beside it."""
    records: tuple[ClipRecord, ...]

    @property
    def seeds(self) -> range:
        """Seeds it holds."""
        return range(self.records[0].seed, self.records[-1].seed + 1)

    @cached_property
    def pictures(self) -> NDArray[np.uint8]:
        """Clips x frames x height x width x 3, mapped into memory.

        Raises:
            SettingsError: The file is damaged.
        """
        return self._map(".npy")

    @cached_property
    def marks(self) -> NDArray[np.uint8]:
        """Clips x frames x `MARKS` x `MARKS`, mapped into memory.

        Raises:
            SettingsError: The file is damaged.
        """
        return self._map(_MARKS_SUFFIX)

    def _map(self, suffix: str) -> NDArray[np.uint8]:
        path = self.path.with_suffix(suffix)
        try:
            array: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"clips {str(path)!r} cannot be read ({error}); remove {str(self.path)!r} and "
                "run 'vau-agent train clips' again"
            ) from error
        return array


@dataclass(frozen=True, kw_only=True)
class ClipStore(Sequence[Clip]):
    """The clips of one split in a folder, in the order of their seeds."""

    shards: tuple[Shard, ...]

    @classmethod
    def open(cls, folder: Path, split: Split) -> "ClipStore":
        """Open what is finished of a split.

        Raises:
            SettingsError: There are no clips of that split, or lines that are none.
        """
        shards = finished_shards(folder, split)
        if not shards:
            raise SettingsError(
                f"{str(folder)!r} holds no clips of {split}; make some with: "
                f"vau-agent train clips --split {split} --count 1000 --out {folder}"
            )
        return cls(shards=shards)

    @cached_property
    def records(self) -> tuple[ClipRecord, ...]:
        """What is known of every clip, in order."""
        return tuple(record for shard in self.shards for record in shard.records)

    @cached_property
    def _places(self) -> tuple[tuple[int, int], ...]:
        return tuple(
            (number, row)
            for number, shard in enumerate(self.shards)
            for row in range(len(shard.records))
        )

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Clip:  # type: ignore[override]  # no slices: they would read all
        number, row = self._places[index]
        shard = self.shards[number]
        return Clip(pictures=shard.pictures[row], marks=shard.marks[row], record=shard.records[row])

    def __iter__(self) -> Iterator[Clip]:
        return (self[index] for index in range(len(self)))


def finished_shards(folder: Path, split: Split) -> tuple[Shard, ...]:
    """Give the whole shards of a split, in the order of their seeds.

    Raises:
        SettingsError: A line is none of ours.
    """
    paths = sorted(folder.glob(f"{split}-*.jsonl"))
    return tuple(Shard(path=path, records=tuple(_read_lines(path))) for path in paths)


def _read_lines(path: Path) -> Iterator[ClipRecord]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            yield ClipRecord.model_validate_json(line)
        except ValidationError as error:
            raise SettingsError(
                f"{str(path)!r} line {number} is not a clip of this version; remove the file and "
                "run 'vau-agent train clips' again"
            ) from error


def write_shard(folder: Path, clips: Sequence[Clip]) -> Path:
    """Write clips whose seeds follow one another; the lines come last and appear whole."""
    split, first, last = clips[0].record.split, clips[0].record.seed, clips[-1].record.seed
    path = folder / f"{split}-{first:07d}-{last:07d}.jsonl"
    pending = path.with_suffix(".part")
    arrays = {
        ".npy": np.stack([clip.pictures for clip in clips]),
        _MARKS_SUFFIX: np.stack([clip.marks for clip in clips]),
    }
    for suffix, array in arrays.items():
        with pending.open("wb") as sink:
            np.save(sink, array)
        pending.replace(path.with_suffix(suffix))
    lines = [json.dumps(clip.record.model_dump(mode="json")) for clip in clips]
    pending.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pending.replace(path)
    return path
