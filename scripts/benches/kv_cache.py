"""What going on from what was read saves: three turns of a run against one.

A turn reads a conversation of 16 frames and writes a few tokens; three turns are reason, reflect,
and revise with 4 frames more. Both write the same number of tokens in all, so that what differs is
reading: one turn writes at once what three turns write between them.
"""

import argparse
import hashlib
import io
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from PIL import Image as Picture

from scripts.benches.measure import Cost, Work, run_alternately
from tests.agent.backends.tiny_models import TinySize, build_tiny_fastvlm, build_tiny_qwen25vl
from vau_agent.agent.backends.base import BackendContext, GenerationSettings, Usage
from vau_agent.agent.backends.transformers.backend import TransformersBackend
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.agent.prompting import load_prompt
from vau_agent.schemas import FrameRef, Stage
from vau_agent.settings import LocalSettings

FRAMES: Final = 16
ZOOMED: Final = 4
NEW_TOKENS: Final = 8
"""Written in each of three turns; three times as many in the one."""
ROWS: Final = 40
"""Of measurements in the first turn."""
SMALL: Final = TinySize(hidden=384, layers=8, heads=6, kv_heads=3, picture_side=128)
QUICK: Final = TinySize()
LARGE: Final = TinySize(hidden=576, layers=30, heads=9, kv_heads=3, picture_side=128, spread=0.02)
"""SmolLM2-135M's width and depth, with a narrower inside and hardly any vocabulary: 88 M."""
BUILDERS: Final = {"Qwen2.5-VL": build_tiny_qwen25vl, "FastVLM": build_tiny_fastvlm}
CONTENDERS: Final = {
    "one turn": ("one",),
    "three turns, going on": ("three",),
    "three turns, reading anew": ("three", "--anew"),
}
GOAL: Final = {"three turns, going on": "<= 1.50"}


def kept_turns(work: Work) -> None:
    """CPU of three turns over one turn: going on from what was read, and reading anew."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        print(f"not measured: pip install 'vau-agent[local]' for {sys.executable}")
        return
    models = [(f"{name}, small", name, QUICK if work.quick else SMALL) for name in BUILDERS]
    if not work.quick:
        models.append(("FastVLM, 88 M", "FastVLM", LARGE))
    for title, name, size in models:
        folder = work.folder / "kv" / title
        if not (folder / "processor_config.json").is_file():
            BUILDERS[name](folder, size)
        program = [sys.executable, "-m", "scripts.benches.kv_cache", str(folder)]
        costs = run_alternately(
            {contender: [*program, *given] for contender, given in CONTENDERS.items()},
            repeats=work.repeats,
        )
        _print_table(title, costs)


def _print_table(title: str, costs: Mapping[str, list[Cost]]) -> None:
    """Print what turns alone took, over one turn of the same round, and what they read."""
    print(
        f"{title:<34} {'median':>7} {'worst':>7} {'CPU s':>8}  goal      tokens and pictures read"
    )
    for contender, runs in costs.items():
        if runs[-1].failed:
            print(f"{contender:<34} {runs[-1].problem}")
            continue
        spent = [_spent(run) for run in runs]
        ratios = [one / _spent(base) for one, base in zip(spent, costs["one turn"], strict=True)]
        told = runs[-1].output.strip().splitlines()[-1].partition("; ")[2]
        print(
            f"{contender:<34} {median(ratios):>7.2f} {max(ratios):>7.2f} {median(spent):>8.2f}  "
            f"{GOAL.get(contender, ''):<8}  {told}",
            flush=True,
        )


def _spent(run: Cost) -> float:
    return float(run.output.strip().splitlines()[-1].partition(" ")[0])


def main() -> int:
    """Run one contender; print what its turns took, start and loading left out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", choices=["one", "three"])
    parser.add_argument("--anew", action="store_true", help="keep no tokens and no pictures")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    pictures: dict[str, bytes] = {}
    frames = [_draw(number, pictures) for number in range(FRAMES + ZOOMED)]
    anew = LocalSettings(kept_conversations=0, kept_pictures_mb=0)
    context = BackendContext(
        pictures=lambda frame: pictures[frame.sha256],
        local=anew if options.anew else LocalSettings(),
    )
    backend = open_transformers(str(options.folder), context)
    if not backend.keeps_what_it_read:
        raise SystemExit("this model cannot go on from what it read")
    started = time.process_time()
    asked = _one_turn(backend, frames) if options.turns == "one" else _three(backend, frames)
    spent = time.process_time() - started
    read = sum(one.prompt_tokens - one.cached_tokens for one in asked)
    written = sum(one.completion_tokens for one in asked)
    print(f"{spent:.3f} CPU s; {read} read, {backend.encoded_pictures} pictures, {written} written")
    return 0


def _one_turn(backend: TransformersBackend, frames: Sequence[FrameRef]) -> list[Usage]:
    settings = GenerationSettings(max_new_tokens=3 * NEW_TOKENS)
    return [backend.generate(_first_turn(frames[:FRAMES]), settings).usage]


def _three(backend: TransformersBackend, frames: Sequence[FrameRef]) -> list[Usage]:
    settings = GenerationSettings(max_new_tokens=NEW_TOKENS)
    asked = _first_turn(frames[:FRAMES])
    following: list[tuple[Stage, Sequence[FrameRef]]] = [
        ("self_reflect", ()),
        ("revise", frames[FRAMES:]),
    ]
    completion = backend.generate(asked, settings)
    usages = [completion.usage]
    for stage, shown in following:
        asked = _next_turn(asked, completion.text, stage, shown)
        completion = backend.generate(asked, settings)
        usages.append(completion.usage)
    return usages


def _first_turn(frames: Sequence[FrameRef]) -> Conversation:
    system = Message(role="system", parts=(TextPart(text=load_prompt("system").text),))
    table = " ".join(f"{number / 10:.1f} s: motion 0.{number % 10};" for number in range(ROWS))
    parts = (
        TextPart(text=table),
        *(FramePart(frame=frame) for frame in frames),
        TextPart(text=load_prompt("initial_reason").text),
    )
    user = Message(role="user", parts=parts, stage="initial_reason")
    return Conversation(messages=(system, user))


def _next_turn(
    asked: Conversation, answer: str, stage: Stage, frames: Sequence[FrameRef]
) -> Conversation:
    said = Message(role="assistant", parts=(TextPart(text=answer),), stage=asked.stage)
    parts = (
        *(FramePart(frame=frame) for frame in frames),
        TextPart(text=load_prompt(stage).text),
    )
    return asked.with_message(said).with_message(Message(role="user", parts=parts, stage=stage))


def _draw(number: int, pictures: dict[str, bytes]) -> FrameRef:
    pixels = np.random.default_rng(number).integers(0, 255, (36, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Picture.fromarray(pixels).resize((640, 360)).save(buffer, format="JPEG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    pictures[digest] = buffer.getvalue()
    return FrameRef(frame_id=f"f{number + 1}", timestamp=float(number), pts=number, sha256=digest)


if __name__ == "__main__":
    sys.exit(main())
