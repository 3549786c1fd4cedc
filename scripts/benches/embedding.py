"""B6: frames embedded in a second of processor time, beside a plain OpenCLIP loop."""

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.measure import ROOT, Work
from vau_agent.memory.embedders.conse import ConseEmbedder
from vau_agent.memory.embedders.open_clip import CONFIG, WEIGHTS, OpenClipEmbedder
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

Images = list[NDArray[np.uint8]]


def embedding(work: Work) -> None:
    """Frames a CPU second, ViT-B-32 of random weights and ConSE, over an OpenCLIP loop."""
    install_shim()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, while they are imported
        import open_clip
    import torch

    torch.set_num_threads(1)
    images = _draw(16 if work.quick else 32)
    folder = _save_model(open_clip, work.folder / "towers", SMALL if work.quick else VIT_B_32)
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    ours = OpenClipEmbedder.open(f"ViT-B-32/{folder / WEIGHTS}", batch=BATCH, offline=True)
    contenders: dict[str, Callable[[], object]] = {
        BASE: lambda: _loop(model, preprocess, images, batch=1),
        "open_clip loop, batch 16": lambda: _loop(model, preprocess, images, batch=BATCH),
        "ours, the same model": lambda: ours.embed_images(images),
    }
    conse = ROOT / ".models" / "conse"
    if conse.is_dir():
        light = ConseEmbedder.open(conse, batch=BATCH)
        contenders["ours, conse"] = lambda: light.embed_images(images)
    for contender in contenders.values():
        contender()  # loads weights
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(work.repeats):
        for name, contender in contenders.items():
            started = time.process_time()
            contender()
            spent[name].append(time.process_time() - started)
    _print(spent, len(images))


def _print(spent: dict[str, list[float]], count: int) -> None:
    print(f"{'contender':<28} {'median':>7} {'least':>7} {'frames/CPU s':>13}  goal")
    for name, times in spent.items():
        gains = [other / one for one, other in zip(times, spent[BASE], strict=True)]
        goal = ">= 1.7" if name.startswith("ours, the same") else ""
        print(
            f"{name:<28} {np.median(gains):>7.2f} {min(gains):>7.2f} "
            f"{count / np.median(times):>13.1f}  {goal}"
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
    """Keep a model of random weights, as the hub would: speed does not depend on them."""
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
