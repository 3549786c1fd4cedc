"""What is put before a policy: the motion pictures of a rendered scene or of a real video."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vau_agent.evals.samples import RISKS, Sample, Truth
from vau_agent.tools.detector import motion_pictures
from vau_agent.tools.video.base import VideoReader
from vau_agent.training.clips import FRAMES, SIDE, Clip, ClipRecord, unmarked
from vau_agent.training.rendering import scene_name
from vau_agent.training.scenes.scene import Scene
from vau_agent.training.scenes.truth import SceneTruth

_STILL: Final = 128
"""Value of the channel of change where nothing moves."""
_UNTOLD: Final = SceneTruth(kind="video", caption="A real video.", place="somewhere")
"""Stands in the clip of a real video, whose truth is its sample's."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One video, as far as it is looked at."""

    id: str
    clip: Clip


def scene_sample(scene: Scene, *, source: str) -> Sample:
    """Give what is known of a scene, as a sample of a benchmark counted under `source`."""
    truth = scene.truth
    name = scene_name(scene.split, scene.seed)
    return Sample(
        id=name,
        source=source,
        video=f"{name}.mp4",
        truth=Truth(
            anomalous=truth.category is not None,
            category=truth.category,
            events=() if truth.segment is None else (truth.segment,),
            risk=RISKS[truth.risk],
        ),
        duration_s=scene.duration_s,
        description=truth.caption,
    )


def show_video(name: str, reader: VideoReader) -> Shown:
    """Read the pictures of a video: as many as of a scene, however long it is.

    Raises:
        VideoDecodeError: They cannot be decoded.
    """
    record = ClipRecord(split="L2", seed=0, duration_s=reader.info.duration_s, truth=_UNTOLD)
    edges = record.boundaries(FRAMES)
    middles = ((edges[:-1] + edges[1:]) / 2).tolist()
    pictures = motion_pictures(reader, middles, side=SIDE)
    return Shown(id=name, clip=Clip(pictures=pictures, marks=unmarked(FRAMES), record=record))


def without_motion(shown: Shown) -> Shown:
    """Give the same pictures as if nothing moved in them."""
    pictures = shown.clip.pictures.copy()
    pictures[..., 2] = _STILL
    return Shown(id=f"{shown.id}/still", clip=replace(shown.clip, pictures=pictures))


def blanked(shown: Shown) -> Shown:
    """Give grey pictures at the same times: what is said of them is said without looking."""
    pictures = np.full_like(shown.clip.pictures, _STILL)
    return Shown(id="blank", clip=replace(shown.clip, pictures=pictures))
