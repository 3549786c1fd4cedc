"""Does the look of a moment tell anything: the cue `appearance` on rendered scenes.

The order of moments within each video is judged, so nothing has to be scaled between videos. Two
seeds of one kind of scene are alike, so the bootstrap draws kinds, not videos.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.measure import Work
from scripts.benches.triage import find_embedder, joined_score
from tests.validation.clips import auc, curves
from vau_agent.memory.embedders.base import Embedder
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.cues.appearance import Appearance
from vau_agent.tools.index_video import index_video
from vau_agent.tools.triage import triage
from vau_agent.tools.video.scenes.kinds import SCENE_KINDS, build_scene
from vau_agent.tools.video.scenes.scene import Scene
from vau_agent.tools.video.synthetic import SyntheticReader

SEEDS: Final = (11, 12)
SECONDS: Final = 30.0
DRAWS: Final = 5000
SAID: Final = 0.5
"""Where a cue says that something is out of the ordinary."""

QUICK: Final = ("fire", "empty")

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """One scene: how well each curve puts its event's moments first, where it has an event."""

    kind: str
    highest: float
    """Of `appearance`, anywhere in the video."""
    areas: tuple[float, float, float] | None
    """AUC of the score, of `appearance` and of both joined."""


def appearance(work: Work) -> None:
    """AUC of event moments within a rendered video: score, appearance, and both joined."""
    embedder = find_embedder()
    if embedder is None:
        print("the embedder 'conse' is not here; get it with 'vau-agent models pull conse'")
        return
    kinds = QUICK if work.quick else tuple(SCENE_KINDS)
    seeds = SEEDS[:1] if work.quick else SEEDS
    scenes = [
        build_scene(kind, seed=seed, duration_s=SECONDS, fps=5.0, size=(192, 144))
        for kind in kinds
        for seed in seeds
    ]
    watched = [_watch(scene, embedder) for scene in scenes]
    print(f"n = {len(kinds)} kinds of scenes, seeds {', '.join(map(str, seeds))}, {SECONDS:.0f} s")
    eventful = [one for one in watched if one.areas is not None]
    quiet = [one for one in watched if one.areas is None]
    _print_areas(eventful)
    for name, group in (("with an event", eventful), ("without", quiet)):
        said = sum(one.highest >= SAID for one in group)
        print(f"appearance reaches {SAID} in {said} of {len(group)} videos {name}")


def _watch(scene: Scene, embedder: Embedder) -> Watched:
    reader, settings = SyntheticReader(scene=scene), TriageSettings()
    looks = Appearance.of(index_video(reader, embedder, RetrievalSettings(), settings))
    result = triage(reader, settings, appearance=looks)
    named = curves(result)
    times = np.array([point.timestamp for point in result.curve])
    inside = np.zeros(len(times), dtype=np.bool_)
    for event in scene.events:
        inside |= (times >= event.segment.start) & (times < event.segment.end)
    new, score = named["appearance"], named["score"]
    areas = None
    if inside.any():
        areas = (
            _area(score, inside),
            _area(new, inside),
            _area(joined_score(times, named), inside),
        )
    return Watched(kind=scene.name, highest=float(new.max()), areas=areas)


def _area(curve: Values, inside: NDArray[np.bool_]) -> float:
    return auc(curve[inside], curve[~inside])


def _print_areas(watched: Sequence[Watched]) -> None:
    kinds = [one.kind for one in watched]
    score, looks, joined = np.array([one.areas for one in watched]).T
    print("| curve | mean AUC within a video (95 %) |\n| --- | --- |")
    for name, values in (
        ("score", score),
        ("appearance", looks),
        ("score with appearance joined", joined),
        ("joined less score, paired", joined - score),
    ):
        low, high = _interval(values, kinds)
        print(f"| {name} | {values.mean():.3f} ({low:.3f} to {high:.3f}) |")
    print(f"joined is better in {int((joined > score).sum())} of {len(watched)} videos")


def _interval(values: Values, kinds: Sequence[str]) -> tuple[float, float]:
    """Draw kinds of scenes, each with all its seeds."""
    means = np.array(
        [
            np.mean([one for one, other in zip(values, kinds, strict=True) if other == kind])
            for kind in dict.fromkeys(kinds)
        ]
    )
    drawn = np.random.default_rng(0).choice(means, (DRAWS, len(means))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
