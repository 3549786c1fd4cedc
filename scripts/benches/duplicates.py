"""B7: what the near-duplicate test saves, what it costs, and whether it loses events."""

import time
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.clips import surveillance_clip
from scripts.benches.measure import Work
from vau_agent.settings import TriageSettings
from vau_agent.tools.duplicates import DuplicateFilter
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.factory import open_video

SIDE: Final = 224
FPS: Final = 1.0
EVENTS: Final = 100

Weights = list[NDArray[np.float32]]


def duplicates(work: Work) -> None:
    """Near-duplicate test: embeddings, CPU of the whole pass, planted events lost."""
    weights = _vit_weights()
    seconds = 20 if work.quick else 120
    for kind, goal in (("cctv", 0.15), ("busy", 1.02)):
        path = surveillance_clip(work.folder, kind=kind, gop=250, seconds=seconds)
        ratios: list[float] = []
        share = 1.0
        for _ in range(work.repeats):
            with open_video(path) as reader:
                images = [frame.image for frame in reader.frames(fps=FPS, longest_side=SIDE)]
            every, _ = _pass(images, weights, keep_all=True)
            ours, share = _pass(images, weights, keep_all=False)
            ratios.append(ours / every)
        print(
            f"{kind}: {share:.1%} of frames embedded; CPU of test and embedding, ours / every "
            f"frame: median {np.median(ratios):.3f}, worst {max(ratios):.3f} (goal {goal})"
        )
    lost = sum(not _is_noticed(number) for number in range(EVENTS))
    print(f"planted events lost: {lost} of {EVENTS} (2 % of the picture, 1 s; goal 0)")


def _pass(images: list[Image], weights: Weights, *, keep_all: bool) -> tuple[float, float]:
    settings = TriageSettings()
    frames = DuplicateFilter(
        block_change=settings.duplicate_block_change,
        keep_every_seconds=settings.keep_every_seconds,
    )
    started, embedded = time.process_time(), 0
    for number, image in enumerate(images):
        if keep_all or frames.keeps(image, number / FPS):
            _embed(image, weights)
            embedded += 1
    return time.process_time() - started, embedded / len(images)


def _vit_weights() -> Weights:
    """Give random weights in the shape of ViT-B/32: 12 layers, 768 wide."""
    rng = np.random.default_rng(0)
    shapes = [(768, 2304), (768, 768), (768, 3072), (3072, 768)]
    drawn = [(32 * 32 * 3, 768), *(shapes * 12)]
    return [rng.standard_normal(shape, dtype=np.float32) * 0.02 for shape in drawn]


def _embed(image: Image, weights: Weights) -> NDArray[np.float32]:
    square = np.resize(image, (SIDE, SIDE, 3)).astype(np.float32) / 255
    patches = square.reshape(7, 32, 7, 32, 3).swapaxes(1, 2).reshape(49, -1)
    tokens = np.concatenate([np.zeros((1, 768), dtype=np.float32), patches @ weights[0]])
    for layer in range(12):
        query, out, up, down = weights[1 + 4 * layer : 5 + 4 * layer]
        q, k, v = np.split((_normal(tokens) @ query).reshape(50, 36, 64).swapaxes(0, 1), 3)
        attention = np.exp(q @ k.swapaxes(1, 2) / 8)
        attention /= attention.sum(axis=-1, keepdims=True)
        tokens = tokens + (attention @ v).swapaxes(0, 1).reshape(50, 768) @ out
        tokens = tokens + np.maximum(_normal(tokens) @ up, 0) @ down
    embedding: NDArray[np.float32] = tokens[0]
    return embedding


def _normal(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = tokens - tokens.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    normal: NDArray[np.float32] = centred / spread
    return normal


def _is_noticed(number: int) -> bool:
    """Tell whether a thing of 2 % of the picture, there for a second, makes a frame new."""
    settings = TriageSettings()
    frames = DuplicateFilter(
        block_change=settings.duplicate_block_change,
        keep_every_seconds=settings.keep_every_seconds,
    )
    return any(
        frames.keeps(image, second) and planted for second, image, planted in _planted(number)
    )


def _planted(number: int) -> Iterator[tuple[float, Image, bool]]:
    rng = np.random.default_rng(number)
    height, width = 126, SIDE
    tall = round(np.sqrt(0.02 * height * width * 2))
    wide = round(0.02 * height * width / tall)
    y, x = int(rng.integers(0, height - tall)), int(rng.integers(0, width - wide))
    scene = np.kron(rng.integers(60, 160, (18, 32, 1)), np.ones((7, 7, 3))).astype(np.float32)
    # at least 25 grey levels over its ground: clothes in the dusk
    contrast = float(rng.choice((-1, 1)) * rng.uniform(25, 80))
    start = float(rng.uniform(3, 8))
    for moment in range(12):
        image = scene + rng.normal(0, 2, scene.shape)
        planted = start <= moment < start + 1
        if planted:
            image[y : y + tall, x : x + wide] += contrast
        yield float(moment), np.clip(image, 0, 255).astype(np.uint8), planted
