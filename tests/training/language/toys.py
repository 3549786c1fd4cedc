"""Clips of coloured squares and a model of noise: enough to learn by heart, fast to read."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.agent.backends.tiny_models import TinySize, build_tiny_fastvlm
from vau_agent.agent.nano.profile import write_profile
from vau_agent.agent.profile import ModelProfile
from vau_agent.schemas import Segment
from vau_agent.training.alignment import WORDS
from vau_agent.training.clips import Clip, ClipRecord, unmarked, write_shard
from vau_agent.training.scenes.truth import SceneTruth

SIDE: Final = 64
FRAMES: Final = 16
KINDS: Final = (None, "fall", "fire", "road accident")
PROFILE: Final = ModelProfile(
    prompts="compact",
    pictures="motion",
    frames_per_window=8,
    frames_per_zoom=4,
    max_new_tokens=96,
    reflection="critique",
    detector=True,
)


def toy_clip(seed: int) -> Clip:
    """Give a grey clip, and for an event a square in the corner that belongs to it."""
    chance = np.random.default_rng(seed)
    place = seed % len(KINDS)
    category = KINDS[place]
    duration = round(float(chance.uniform(2, 40)), 2)
    truth = SceneTruth(kind="walk", caption="A person walks.", place="a street")
    pictures = chance.normal(120, 4, (FRAMES, SIDE, SIDE, 3))
    if category is not None:
        length = duration * float(chance.uniform(0.2, 0.8))
        start = float(chance.uniform(0, duration - length))
        segment = Segment(start=start, end=start + length)
        truth = SceneTruth(
            kind=category,
            category=category,
            segment=segment,
            risk=1,
            caption=f"Something is seen that is a {category}.",
            place="a street",
        )
        edges = np.linspace(0, duration, FRAMES + 1)
        middles = (edges[:-1] + edges[1:]) / 2
        inside = (middles >= segment.start) & (middles < segment.end)
        corner = slice(16 * place, 16 * place + 16)
        pictures[inside, corner, corner] += 80
    record = ClipRecord(split="train", seed=seed, duration_s=duration, truth=truth)
    return Clip(
        pictures=np.clip(pictures, 0, 255).astype(np.uint8),
        marks=unmarked(len(pictures)),
        record=record,
    )


def lay_clips(folder: Path, count: int) -> None:
    """Write clips as `vau-agent train clips` leaves them."""
    write_shard(folder, [toy_clip(seed) for seed in range(count)])


def lay_model(folder: Path) -> Path:
    """Save a tiny FastVLM whose tokenizer knows each class by a word of its own."""
    build_tiny_fastvlm(folder, TinySize(hidden=64, picture_side=SIDE))
    from transformers import AutoModelForImageTextToText, AutoProcessor

    load_processor: Any = AutoProcessor.from_pretrained
    load_model: Any = AutoModelForImageTextToText.from_pretrained
    processor, model = load_processor(folder), load_model(folder)
    processor.tokenizer.add_tokens(list(WORDS.values()))
    model.resize_token_embeddings(len(processor.tokenizer), mean_resizing=False)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    write_profile(folder, PROFILE)
    return folder
