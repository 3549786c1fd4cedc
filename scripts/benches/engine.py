"""nano's ONNX engine beside plain torch: first token, tokens a second, memory, what is written.

Every contender opens the model in a process of its own and goes through two turns: 8 pictures and
their text are read and 45 tokens written, then 40 more tokens are read and 40 written. Torch writes
first; the others read along what it wrote and say where they would have written something else.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from PIL import Image as Picture

from scripts.benches.measure import Cost, Work, run_once
from vau_agent.agent.backends.transformers.check import find_reader
from vau_agent.agent.backends.transformers.engine.card import TokenAgreement
from vau_agent.agent.backends.transformers.engine.exporting import export_engine
from vau_agent.agent.backends.transformers.engine.opening import (
    engine_folder,
    find_engine,
    open_model,
)
from vau_agent.agent.backends.transformers.folder import digest_folder
from vau_agent.agent.backends.transformers.loading import load_model
from vau_agent.agent.backends.transformers.reading import Reader
from vau_agent.agent.backends.transformers.rendering import ChatMessage, Content
from vau_agent.agent.catalogue import resolve_model
from vau_agent.errors import ModelError
from vau_agent.memory.embedders.base import Precision
from vau_agent.settings import LocalSettings, Settings

PICTURES: Final = 8
WRITTEN: Final = 45
FOLLOWING: Final = 40
"""Tokens read, and then written, in the second turn."""
CONTENDERS: Final = {
    "torch": ("torch", "fp32"),
    "onnx, fp32": ("onnx", "fp32"),
    "onnx, int8": ("onnx", "int8"),
}
BASE: Final = "torch"
PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "int8")
GOALS: Final = ">= 5 to the first token, >= 3 tokens a second"
ANY: Final = TokenAgreement(likeliest=0.0, divergence=100.0)
"""For random weights, which hold no likeliest token apart."""


def engine(work: Work) -> None:
    """Processor time of nano's turns through ONNX over torch, one thread and two."""
    if find_spec("torch") is None or find_spec("onnxruntime") is None:
        print(f"not measured: pip install 'vau-agent[local]' for {sys.executable}")
        return
    folder = _model(work)
    for precision in PRECISIONS:
        _make(folder, precision)
        card = find_engine(folder, precision)
        if card is not None and card.agreement is not None:
            print(
                f"onnx, {precision}: finds {card.agreement.likeliest:.1%} of torch's tokens, "
                f"diverges by {card.agreement.divergence:.2g} nats"
            )
    for threads in (1,) if work.quick else (1, 2):
        print(f"\n{threads} thread(s); ratios are torch's time over the contender's; {GOALS}")
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
        for _ in range(work.repeats):
            for name in CONTENDERS:
                told = _run(work, folder, name, threads, follow=runs[BASE][-1:])
                if told is None:
                    return
                runs[name].append(told)
        _print_table(runs)


def _model(work: Work) -> Path:
    """Give nano's folder, or one of random weights where it has not been pulled."""
    from tests.agent.backends.tiny_models import build_tiny_fastvlm

    if not work.quick:
        try:
            return resolve_model("nano", Settings().models)
        except ModelError as error:
            print(f"random weights: {error}")
    folder = work.folder / "engine" / "tiny"
    if not (folder / "processor_config.json").is_file():
        build_tiny_fastvlm(folder)
    return folder


def _make(folder: Path, precision: Precision) -> None:
    if find_engine(folder, precision) is not None:
        return
    loaded = load_model(folder, folder.name, Path, device="cpu")
    reader = find_reader(loaded)
    if reader is not None:
        place, model = engine_folder(folder, precision), digest_folder(folder)
        export_engine(loaded, reader, place, precision=precision, model=model, least=ANY)


def _run(
    work: Work, folder: Path, name: str, threads: int, *, follow: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    chosen, precision = CONTENDERS[name]
    program = [sys.executable, "-m", "scripts.benches.engine", str(folder), chosen, precision]
    along = [] if name == BASE else ["--along", json.dumps(follow[-1]["ids"])]
    cost: Cost = run_once([*program, str(threads), *along])
    if cost.failed:
        print(f"{name}: {cost.problem}")
        return None
    told: dict[str, Any] = json.loads(cost.output.strip().splitlines()[-1])
    return told


def _print_table(runs: Mapping[str, list[dict[str, Any]]]) -> None:
    columns: dict[str, Callable[[dict[str, Any]], float]] = {
        "load s": lambda one: one["load"],
        "first s": lambda one: one["first"],
        "pictures s": lambda one: one["pictures"],
        "tokens/s": lambda one: WRITTEN / one["write"],
        "2nd turn s": lambda one: one["second"],
        "MiB": lambda one: one["mib"],
        "same": lambda one: one["same"],
    }
    print(f"{'contender':<12} " + " ".join(f"{name:>10}" for name in columns) + "   first    write")
    for name, told in runs.items():
        row = " ".join(f"{median(map(of, told)):>10.2f}" for of in columns.values())
        ratios = [
            median(base[what] / one[what] for base, one in zip(runs[BASE], told, strict=True))
            for what in ("first", "write")
        ]
        print(f"{name:<12} {row}  {ratios[0]:>5.2f} x  {ratios[1]:>5.2f} x", flush=True)


def main() -> int:
    """Run one contender; print its processor seconds and what it wrote, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("engine")
    parser.add_argument("precision")
    parser.add_argument("threads", type=int)
    parser.add_argument("--along", type=json.loads, default=[])
    options = parser.parse_args()
    started = time.process_time()
    settings = LocalSettings(
        engine=options.engine, precision=options.precision, threads=options.threads
    )
    opened = open_model(options.folder, "nano", Path, settings)
    load = time.process_time() - started
    if opened.reader is None:
        raise SystemExit("this model has to read whole prompts")
    _turns(opened.reader, [])  # what is allocated and chosen at first use
    told = _turns(opened.reader, options.along)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"load": load, "mib": peak, **told}))
    return 0


def _turns(reader: Reader, along: Sequence[int]) -> dict[str, Any]:
    messages, pictures = _prompt()
    marks = [time.process_time()]
    encoded = [reader.encode(picture, str(number)) for number, picture in enumerate(pictures)]
    marks.append(time.process_time())
    prompt = reader.lay_out(messages, encoded)
    cache, positions = reader.runner.begin(), reader.positions(prompt)
    logits = reader.read(prompt, positions, cache, start=0, end=len(prompt.ids))
    marks.append(time.process_time())
    ids = []
    for place in range(WRITTEN):
        ids.append(int(logits.argmax()))
        logits = reader.read_token(along[place] if along else ids[-1], cache, positions)
    marks.append(time.process_time())
    end = min(FOLLOWING, len(prompt.ids))
    asked = reader.lay_out(messages, encoded)
    logits = reader.read(asked, positions, cache, start=0, end=end)
    for _ in range(FOLLOWING):
        logits = reader.read_token(int(logits.argmax()), cache, positions)
    marks.append(time.process_time())
    seeing, reading, writing, second = np.diff(marks)
    return {
        "pictures": seeing,
        "first": seeing + reading,
        "write": writing,
        "second": second,
        "ids": ids,
        "same": float(np.mean([one == other for one, other in zip(ids, along, strict=True)]))
        if along
        else 1.0,
    }


def _prompt() -> tuple[list[ChatMessage], list[Picture.Image]]:
    """Give a prompt of a window as the agent asks it, with pictures of noise."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 255, (PICTURES, 15, 20, 3), dtype=np.uint8)
    pictures = [Picture.fromarray(one).resize((160, 120)) for one in pixels]
    content: list[Content] = [{"type": "text", "text": "detect 3.0-6.8 fall 0.82\n"}]
    for number in range(PICTURES):
        stamp = f"{1.5 * number:.1f} f{number + 1}\n"
        content += [{"type": "text", "text": stamp}, {"type": "image"}]
    content.append({"type": "text", "text": "12.0\nJudge 0.0-12.0."})
    system: ChatMessage = {
        "role": "system",
        "content": [{"type": "text", "text": "You judge surveillance video."}],
    }
    return [system, {"role": "user", "content": content}], pictures


if __name__ == "__main__":
    sys.exit(main())
