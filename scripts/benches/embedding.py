"""B6: frames embedded in a second of processor time, beside a plain OpenCLIP loop.

The model has random weights: speed does not depend on them, agreement at 8 bits does.
"""

import contextlib
import functools
import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.measure import ROOT, Work
from vau_agent.memory.embedders.base import Embedder, Precision
from vau_agent.memory.embedders.conse import KIND, VERSION, VISION, ConseEmbedder
from vau_agent.memory.embedders.exporting import (
    MATRICES,
    NEAREST,
    Agreement,
    compare,
    quantise,
)
from vau_agent.memory.embedders.folder import MANIFEST, PartsFolder, describe, write_manifest
from vau_agent.memory.embedders.open_clip import CONFIG, WEIGHTS, OpenClipEmbedder
from vau_agent.memory.embedders.towers import LEAST
from vau_agent.tools.video.scenes.kinds import SCENE_KINDS, build_scene
from vau_agent.torchvision_shim import install_shim

SIZE: Final = (640, 360)
BATCH: Final = 16
VIT_B_32: Final[dict[str, Any]] = {
    "embed_dim": 512,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 2},
}
SMALL: Final[dict[str, Any]] = VIT_B_32 | {
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 32},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
}
"""For a quick run."""
BASE: Final = "open_clip loop, batch 1"
PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "int8")
GOALS: Final = {"ours, the same model, fp32": ">= 1.7"}
ANY: Final = Agreement(cosine=-1.0, recall=0.0)
"""8 bits are measured here, however little they agree."""

Images = list[NDArray[np.uint8]]


def embedding(work: Work) -> None:
    """Frames a CPU second at fp32 and 8 bits, ViT-B-32 and ConSE, over an OpenCLIP loop."""
    install_shim()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, while they are imported
        import open_clip

    images = _draw(16 if work.quick else 32)
    folder = _save_model(open_clip, work.folder / "towers", SMALL if work.quick else VIT_B_32)
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    ours: dict[str, Embedder] = {
        f"ours, the same model, {precision}": OpenClipEmbedder.open(
            f"ViT-B-32/{folder / WEIGHTS}",
            models=work.folder / "models",
            batch=BATCH,
            precision=precision,
            least=ANY,
            offline=True,
        )
        for precision in PRECISIONS
    }
    light = _conse(work.folder / "conse-int8")
    contenders: dict[str, Callable[[], object]] = {
        BASE: lambda: _loop(model, preprocess, images, batch=1),
        f"open_clip loop, batch {BATCH}": lambda: _loop(model, preprocess, images, batch=BATCH),
    }
    for name, embedder in (ours | light).items():
        contenders[name] = functools.partial(embedder.embed_images, images)
    with _one_processor():
        for contender in contenders.values():
            contender()  # loads weights, and exports at the first time
        spent = _spend(contenders, work.repeats)
    _print_times(spent, len(images))
    scenes = _draw(32 if work.quick else 400)
    for pair in (ours, light):
        _print_agreement(pair, scenes)


@contextlib.contextmanager
def _one_processor() -> Iterator[None]:
    """Give every contender one thread."""
    import torch

    allowed, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {max(allowed)})
    torch.set_num_threads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        torch.set_num_threads(threads)


def _conse(coarse: Path) -> dict[str, Embedder]:
    """Open ConSE as it is and, made for this bench only, with a classifier of 8 bits."""
    exact = ROOT / ".models" / "conse"
    if not exact.is_dir():
        print("conse is not in .models, so it is left out")
        return {}
    if not (coarse / MANIFEST).is_file():
        shutil.copytree(exact, coarse, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
        (coarse / VISION).unlink()
        quantise(exact / VISION, coarse / VISION, (*MATRICES, "Conv"))
        manifest = PartsFolder.open(exact, kind=KIND, version=VERSION).manifest
        files = {name: describe(coarse / name) for name in manifest.files}
        write_manifest(coarse, manifest.model_copy(update={"files": files}))
    return {
        "ours, conse, fp32": ConseEmbedder.open(exact, batch=BATCH),
        "conse, int8 (not built in)": ConseEmbedder.open(coarse, batch=BATCH),
    }


def _spend(contenders: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Give the processor seconds of each, measured alternately."""
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, contender in contenders.items():
            started = time.process_time()
            contender()
            spent[name].append(time.process_time() - started)
    return spent


def _print_times(spent: dict[str, list[float]], count: int) -> None:
    print(f"{'contender':<28} {'median':>7} {'least':>7} {'frames/CPU s':>13}  goal")
    for name, times in spent.items():
        gains = [other / one for one, other in zip(times, spent[BASE], strict=True)]
        print(
            f"{name:<28} {np.median(gains):>7.2f} {min(gains):>7.2f} "
            f"{count / np.median(times):>13.1f}  {GOALS.get(name, '')}"
        )
    exact, coarse = (spent[f"ours, the same model, {precision}"] for precision in PRECISIONS)
    gains = [one / other for one, other in zip(exact, coarse, strict=True)]
    print(f"{'int8 over fp32':<28} {np.median(gains):>7.2f} {min(gains):>7.2f} {'':>13}  >= 1.5")


def _print_agreement(pair: dict[str, Embedder], images: Images) -> None:
    if pair:
        (_, exact), (name, coarse) = pair.items()
        found = compare(exact.embed_images(images), coarse.embed_images(images))
        print(
            f"{name}, {len(images)} rendered frames: cosine {found.cosine:.4f} "
            f"(>= {LEAST.cosine}), top-{NEAREST} recall {found.recall:.3f} (>= {LEAST.recall})"
        )


def _loop(
    model: Any,  # noqa: ANN401 - OpenCLIP has no types
    preprocess: Callable[[object], Any],
    images: Images,
    *,
    batch: int,
) -> None:
    import torch
    from PIL import Image as Pillow

    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = [preprocess(Pillow.fromarray(image)) for image in images[start : start + batch]]
            model.encode_image(torch.stack(part), normalize=True)


def _save_model(
    open_clip: Any,  # noqa: ANN401
    folder: Path,
    towers: dict[str, Any],
) -> Path:
    """Keep a model of random weights, as the hub would."""
    from safetensors.torch import save_file

    if not (folder / WEIGHTS).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).write_text(json.dumps({"model_cfg": towers, "preprocess_cfg": {}}))
        model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
        save_file(model.state_dict(), folder / WEIGHTS)
    return folder


def _draw(count: int) -> Images:
    kinds = list(SCENE_KINDS)
    scenes = [build_scene(kinds[at % len(kinds)], seed=at, size=SIZE) for at in range(count // 4)]
    return [scene.draw(t) for scene in scenes for t in (1.0, 6.0, 11.0, 16.0)]
