"""Public clips, their labels and the area under the ROC curve; nothing is fitted to them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.memory.embedders.base import Embedder
from vau_agent.schemas import CUES
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.cues.appearance import Appearance
from vau_agent.tools.index_video import index_video
from vau_agent.tools.triage import TriageResult, triage
from vau_agent.tools.video.factory import open_video

DATA: Final = Path(__file__).resolve().parents[2] / "../shared/data"


def clips(folder: str) -> list[dict[str, Any]]:
    """Give the manifest's entries of one set of clips."""
    manifest = json.loads((DATA / "manifest.json").read_text())
    entries = manifest if isinstance(manifest, list) else manifest["clips"]
    return [one for one in entries if one["file"].startswith(f"videos/{folder}/")]


def measure_clip(entry: dict[str, Any], embedder: Embedder | None = None) -> TriageResult:
    """Triage one clip at the default settings; with an embedder, tell how new its looks are."""
    settings = TriageSettings()
    with open_video(DATA / entry["file"]) as reader:
        looks = None
        if embedder is not None:
            looks = Appearance.of(index_video(reader, embedder, RetrievalSettings(), settings))
        return triage(reader, settings, appearance=looks)


def frame_labels(entry: dict[str, Any]) -> NDArray[np.bool_]:
    """Tell for each frame whether it lies in an annotated event."""
    labels = np.zeros(entry["frames"], dtype=np.bool_)
    for first, last in entry["events_frames_0based_half_open"]:
        labels[first:last] = True
    return labels


def curves(result: TriageResult) -> dict[str, NDArray[np.float64]]:
    """Give the score and every cue as one array each."""
    named = {"score": np.array([point.score for point in result.curve])}
    for cue in CUES:
        named[cue] = np.array([point.cues.get(cue, 0.0) for point in result.curve])
    return named


def per_frame(
    result: TriageResult, values: NDArray[np.float64], entry: dict[str, Any]
) -> NDArray[np.float64]:
    """Interpolate a curve to the frames of a clip of constant rate."""
    times = [point.timestamp for point in result.curve]
    frames = np.arange(entry["frames"]) / entry["fps"]
    return np.asarray(np.interp(frames, times, values), dtype=np.float64)


def auc(positive: Sequence[float] | NDArray[np.float64], negative: object) -> float:
    """Give the share of pairs in the right order (Mann and Whitney); ties count half."""
    above, below = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    order = np.sort(below)
    smaller = np.searchsorted(order, above, side="left")
    equal = np.searchsorted(order, above, side="right") - smaller
    return float((smaller + equal / 2).mean() / len(below))
