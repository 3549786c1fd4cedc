"""A small trained network that says what happens at each moment of a span, run without torch.

It lies in a model's folder: `detector.onnx`, from motion pictures to the probability of every class
at every moment, and `detector.json`, which says how it wants its pictures and how it is read.
Long spans are covered by windows that overlap by half; where two see a moment, their mean counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from pydantic import Field, ValidationError

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.onnx import OnnxGraph, default_threads
from vau_agent.motion import MOTION_SECONDS, MOTION_SIDE, Image, pack_motion
from vau_agent.schemas import Candidate, Measurement, Segment, Value
from vau_agent.tools.detection import (
    DETECT,
    Detection,
    Rule,
    bin_edges,
    category_of,
    find_candidates,
)
from vau_agent.tools.video.base import VideoReader

DETECTOR_FILE: Final = "detector.onnx"
CARD_FILE: Final = "detector.json"
_WINDOWS_AT_ONCE: Final = 4


class DetectorCard(Value):
    """How a detector wants its pictures, and how it is read."""

    classes: tuple[str, ...] = Field(min_length=2)
    """Of its output, normal first; the others are names of `vau_agent.schemas.CATEGORIES`."""
    bins: int = Field(default=16, ge=2)
    """Pictures of one window."""
    side: int = Field(default=128, ge=32)
    """Pixels of its square pictures."""
    longest_bin_s: float = Field(default=1.5, gt=0)
    rule: Rule = Rule()


@dataclass(frozen=True, kw_only=True)
class Detector:
    """An opened detector; weights are read at first use."""

    card: DetectorCard
    graph: OnnxGraph

    @classmethod
    def open(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Open the detector of a model's folder.

        Raises:
            ModelError: It has none, or its card is damaged.
        """
        path = folder / DETECTOR_FILE
        try:
            card = DetectorCard.model_validate_json((folder / CARD_FILE).read_bytes())
        except (OSError, ValidationError) as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"{str(folder)!r} holds no detector that can be read ({first}); pull the model "
                "again"
            ) from error
        if not path.is_file():
            raise ModelError(f"{str(path)!r} is not there; pull the model again")
        graph = OnnxGraph(
            name=DETECTOR_FILE,
            read=path.read_bytes,
            batch=_WINDOWS_AT_ONCE,
            threads=threads or default_threads(),
        )
        return cls(card=card, graph=graph)

    def measure(self, reader: VideoReader, segment: Segment) -> Measurement:
        """Say what happens in a segment.

        Raises:
            VideoDecodeError: It could not be decoded.
            ModelError: The network cannot be run.
        """
        found = find_candidates(self.detect(reader, segment), self.card.rule)
        return Measurement(tool=DETECT, segment=segment, candidates=found, notes=describe(found))

    def detect(self, reader: VideoReader, segment: Segment) -> Detection:
        """Give the probability of every class at every moment of a segment; see `measure`."""
        edges = bin_edges(segment, bins=self.card.bins, longest_bin_s=self.card.longest_bin_s)
        middles = (edges[:-1] + edges[1:]) / 2
        return self.judge(motion_pictures(reader, middles.tolist(), side=self.card.side), edges)

    def judge(self, pictures: NDArray[np.uint8], edges: NDArray[np.float64]) -> Detection:
        """Give the probability of every class in every bin.

        Args:
            pictures: Bins x side x side x 3, motion pictures; as many bins as a window at least.
            edges: Seconds, bins + 1.
        """
        starts = window_starts(len(pictures), self.card.bins)
        windows = np.stack([pictures[start : start + self.card.bins] for start in starts])
        judged = self.graph.run({"pictures": windows})
        total = np.zeros((len(pictures), len(self.card.classes)), dtype=np.float32)
        seen = np.zeros((len(pictures), 1), dtype=np.float32)
        for start, probabilities in zip(starts, judged, strict=True):
            total[start : start + self.card.bins] += probabilities
            seen[start : start + self.card.bins] += 1
        return Detection(edges=edges, probabilities=total / seen, classes=self.card.classes)


def window_starts(moments: int, bins: int) -> list[int]:
    """Give where windows of `bins` moments begin that overlap by half and end with the last."""
    last = moments - bins
    return sorted({*range(0, last, bins // 2), last})


def motion_pictures(reader: VideoReader, times: Sequence[float], *, side: int) -> NDArray[np.uint8]:
    """Give the motion picture of each time, ascending, as times x side x side x 3."""
    wanted = sorted({*times, *(time - MOTION_SECONDS for time in times if time >= MOTION_SECONDS)})
    frames = reader.frames_at(wanted, longest_side=MOTION_SIDE)
    images = {time: frame.image for time, frame in zip(wanted, frames, strict=True)}
    return np.stack(
        [
            squash(pack_motion(images[time], images.get(time - MOTION_SECONDS)), side)
            for time in times
        ]
    )


def squash(picture: Image, side: int) -> Image:
    """Scale a picture to a square, whatever its shape."""
    square = Picture.fromarray(picture).resize((side, side), Picture.Resampling.BICUBIC)
    return np.asarray(square)


def describe(found: Sequence[Candidate]) -> tuple[str, ...]:
    """Put candidates into words, strongest first."""
    if not found:
        return ("a detector trained on rendered scenes sees nothing abnormal",)
    return tuple(
        f"{one.segment.start:.1f}-{one.segment.end:.1f} s: {category_of(one)} "
        f"{one.cues[category_of(one)]:.2f}, says a detector trained on rendered scenes"
        for one in found
    )
