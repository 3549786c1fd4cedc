"""Which cue carries the curve on public clips, beside frame differencing on the same frames."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.measure import ROOT, Work
from tests.validation.clips import (
    DATA,
    auc,
    clips,
    curves,
    frame_labels,
    measure_clip,
    per_frame,
)
from vau_agent.memory.embedders.base import Embedder
from vau_agent.memory.embedders.factory import open_embedder, resolve_embedder
from vau_agent.schemas import CUES
from vau_agent.settings import TriageSettings
from vau_agent.tools.cues.grid import to_luma
from vau_agent.tools.cues.normal import TRUST, smooth
from vau_agent.tools.triage import TriageResult
from vau_agent.tools.video.factory import open_video

DRAWS: Final = 1000
FLOOR: Final = "frame differencing"
JOINED: Final = "score, if appearance took part"
MODELS: Final = ROOT / ".models"

Signals = dict[str, NDArray[np.float64]]


def cue_table(work: Work) -> None:
    """Frame AUC on Ped2 and clip AUC on fights, for the score and for every cue."""
    if not (DATA / "manifest.json").exists():
        print("the public clips are not beside the repository; nothing was measured")
        return
    ped2 = clips("ped2")[: 1 if work.quick else None]
    fights = clips("fight_surv")[:: 4 if work.quick else 1]
    embedder = find_embedder()
    frames = [_frame_signals(entry, embedder) for entry in ped2]
    labels = [frame_labels(entry) for entry in ped2]
    means = [_clip_means(entry, embedder) for entry in fights]
    is_fight = np.array([entry["label"] == "fighting" for entry in fights])
    print(f"n = {len(ped2)} clips, {sum(map(len, labels))} frames; {len(fights)} clips")
    rows = ("score", JOINED, FLOOR, *CUES)
    if embedder is None:
        rows = tuple(name for name in rows if name not in (JOINED, "appearance"))
        print("appearance was not measured: 'vau-agent models pull conse' brings what it needs\n")
    print("| cue | Ped2 frame AUC (95 %) | fight clip AUC (95 %) |\n| --- | --- | --- |")
    for name in rows:
        pooled = _pooled([one[name] for one in frames], labels)
        clip = _clips(np.array([one[name] for one in means]), is_fight)
        print(f"| {name} | {pooled} | {clip} |", flush=True)


def find_embedder() -> Embedder | None:
    """Open the default embedder where its parts are; without it nothing is told of looks."""
    if resolve_embedder("auto", MODELS) == "off":
        return None
    return open_embedder("conse", models=MODELS, batch=16, offline=True)


def joined_score(times: NDArray[np.float64], named: Signals) -> NDArray[np.float64]:
    """Give the score as it would be if `appearance` took part, trusted as any other cue."""
    looks = smooth(times, (TRUST * named["appearance"]).astype(np.float32))
    return 1 - (1 - named["score"]) * (1 - looks)


def _all_curves(result: TriageResult) -> Signals:
    named = curves(result)
    times = np.array([point.timestamp for point in result.curve])
    return named | {JOINED: joined_score(times, named)}


def _frame_signals(entry: dict[str, Any], embedder: Embedder | None) -> Signals:
    result = measure_clip(entry, embedder)
    signals = {name: per_frame(result, curve, entry) for name, curve in _all_curves(result).items()}
    changes = _differences(entry, fps=None)
    signals[FLOOR] = np.resize(changes, entry["frames"])
    return signals


def _clip_means(entry: dict[str, Any], embedder: Embedder | None) -> dict[str, float]:
    result = measure_clip(entry, embedder)
    means = {name: float(curve.mean()) for name, curve in _all_curves(result).items()}
    means[FLOOR] = float(_differences(entry, fps=TriageSettings().fps).mean())
    return means


def _differences(entry: dict[str, Any], *, fps: float | None) -> NDArray[np.float64]:
    """Average the absolute change of luma; the first frame takes the second one's."""
    changes: list[float] = []
    with open_video(DATA / entry["file"]) as reader:
        former = None
        for frame in reader.frames(fps=fps, longest_side=TriageSettings().longest_side):
            luma = to_luma(frame.image)
            if former is not None:
                changes.append(float(np.abs(luma - former).mean()))
            former = luma
    return np.array([changes[0], *changes])


def _pooled(scores: Sequence[NDArray[np.float64]], labels: Sequence[NDArray[np.bool_]]) -> str:
    """Give the pooled AUC; whole seconds are drawn, for neighbouring frames are one observation."""
    rng = np.random.default_rng(0)
    score, label = np.concatenate(scores), np.concatenate(labels)
    blocks = [np.arange(first, min(first + 10, len(score))) for first in range(0, len(score), 10)]
    drawn = []
    for _ in range(DRAWS):
        rows = np.concatenate([blocks[i] for i in rng.integers(0, len(blocks), len(blocks))])
        if label[rows].any() and not label[rows].all():
            drawn.append(auc(score[rows][label[rows]], score[rows][~label[rows]]))
    return _cell(auc(score[label], score[~label]), drawn)


def _clips(scores: NDArray[np.float64], is_fight: NDArray[np.bool_]) -> str:
    rng = np.random.default_rng(0)
    above, below = scores[is_fight], scores[~is_fight]
    drawn = [
        auc(rng.choice(above, len(above)), rng.choice(below, len(below))) for _ in range(DRAWS)
    ]
    return _cell(auc(above, below), drawn)


def _cell(value: float, drawn: Sequence[float]) -> str:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{value:.3f} ({low:.2f}-{high:.2f})"
