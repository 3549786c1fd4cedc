"""What training gives nano, in one small file, and how a base model becomes nano with it.

The file is safetensors, half precision: `tower.*` (timm's names), `projector.*`, `lora.*` (the path
of each matrix in the model, then `.A` and `.B`) and `detector.*`; its metadata is an `AdapterCard`.
A group that is absent leaves the base model's weights as they are. LoRA is merged, so what comes
out is an ordinary model folder.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from vau_agent.agent.nano.profile import NANO_PROFILE, write_profile
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import ModelError
from vau_agent.memory.embedders.folder import replace_folder
from vau_agent.schemas import Value

if TYPE_CHECKING:
    import torch

Tensors: TypeAlias = Mapping[str, "torch.Tensor"]
Arrays = dict[str, NDArray[Any]]

WEIGHTS: Final = "model.safetensors"
MAX_DIFFERENCE: Final = 1e-4
"""Between torch and ONNX Runtime, on any probability of the detector."""
_TOWER: Final = "model.vision_tower.timm_model."
_PROJECTOR: Final = "model.multi_modal_projector."
_COUNTS: Final = "num_batches_tracked"
"""Batches that a normalisation has seen: of use in training only."""
_CARD: Final = "card"
_PEFT_PREFIX: Final = "base_model.model."
_LARGEST: Final = float(np.finfo(np.float16).max)


class DetectorShape(Value):
    """What has to be known of a detector to write its graph down."""

    card: str
    """JSON, kept as it is: `vau_agent.tools.detector.DetectorCard`."""
    bins: int = Field(ge=1)
    """Pictures of a window."""
    side: int = Field(ge=32)
    """Pixels of a picture's side."""


class AdapterCard(Value):
    """What an adapter says of itself."""

    version: Literal[1] = 1
    profile: ModelProfile = NANO_PROFILE
    lora_scale: float = Field(default=1.0, gt=0)
    """Alpha through rank: factor of the product of the two small matrices."""
    detector: DetectorShape | None = None
    made: Mapping[str, str] = Field(default_factory=dict)
    """How it was trained, for whoever reads it."""


def save_adapter(
    path: Path,
    card: AdapterCard,
    *,
    tower: Tensors | None = None,
    projector: Tensors | None = None,
    lora: Tensors | None = None,
    detector: Tensors | None = None,
) -> None:
    """Write an adapter; equal weights give equal bytes.

    Args:
        path: The file to write; it appears whole.
        card: Goes with it. A `detector` in it and detector weights belong together.
        tower: State of the picture network, under timm's names.
        projector: State of the projector.
        lora: As `peft.get_peft_model_state_dict` gives it.
        detector: State of `vau_agent.agent.nano.detector.Head`.

    Raises:
        ModelError: A value is no number or too large for half precision.
    """
    from safetensors.numpy import save_file

    groups = {
        "tower": tower or {},
        "projector": projector or {},
        "lora": {_lora_name(name): tensor for name, tensor in (lora or {}).items()},
        "detector": detector or {},
    }
    halves = {
        f"{group}.{name}": _to_half(f"{group}.{name}", tensor)
        for group, tensors in groups.items()
        for name, tensor in sorted(tensors.items())
        if not name.endswith(_COUNTS)
    }
    pending = path.with_name(f"{path.name}.new")
    save_file(halves, pending, metadata={_CARD: card.model_dump_json(exclude_defaults=True)})
    pending.replace(path)


def load_adapter(path: Path) -> tuple[AdapterCard, Arrays]:
    """Read an adapter: its card, and its weights by their names.

    Raises:
        ModelError: It is absent, damaged, or of a newer version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as opened:
            card = AdapterCard.model_validate_json((opened.metadata() or {}).get(_CARD, ""))
            return card, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
    except (OSError, SafetensorError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(
            f"{str(path)!r} is no adapter of nano that can be read ({first}); install vau-agent "
            "anew, or train one (docs/training.md)"
        ) from error


def apply_adapter(base: Path, adapter: Path, out: Path) -> None:
    """Make a model's folder out of a base model's and an adapter.

    Args:
        base: As `vau_agent.agent.nano.build.build_base` writes it.
        adapter: As `save_adapter` writes it.
        out: The folder to make; it appears whole or not at all, what was there is replaced.

    Raises:
        ModelError: The two do not fit each other, or the detector's graph differs from torch.
        MissingDependencyError: A package for exporting the detector is not installed.
    """
    card, weights = load_adapter(adapter)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".nano-") as temporary:
        made = Path(temporary) / out.name
        shutil.copytree(base, made, ignore=shutil.ignore_patterns(WEIGHTS))
        merged = _merge(_load(base / WEIGHTS), weights, card.lora_scale)
        _save(merged, made / WEIGHTS)
        shutil.copymode(made / "config.json", made / WEIGHTS)  # it would be its owner's alone
        if card.detector is not None:
            _write_detector(merged, _group(weights, "detector"), card.detector, made)
        write_profile(made, card.profile)
        replace_folder(made, out, spare=Path(temporary) / "former")


def _merge(base: Arrays, adapter: Arrays, scale: float) -> Arrays:
    merged = dict(base)
    for prefix, group in ((_TOWER, "tower"), (_PROJECTOR, "projector")):
        for name, array in _group(adapter, group).items():
            whole = _fitting(array, base, prefix + name)
            merged[prefix + name] = whole.astype(base[prefix + name].dtype)
    lora = _group(adapter, "lora")
    for path in sorted({name.rpartition(".")[0] for name in lora}):
        name = f"{path}.weight"
        down, up = lora.get(f"{path}.A"), lora.get(f"{path}.B")
        if down is None or up is None or name not in base:
            raise ModelError(f"the adapter changes {path!r}, which the base model does not have")
        change = scale * (up.astype(np.float32) @ down.astype(np.float32))
        whole = _fitting(change, base, name) + base[name].astype(np.float32)
        merged[name] = whole.astype(base[name].dtype)
    return merged


def _fitting(array: NDArray[Any], base: Arrays, name: str) -> NDArray[Any]:
    wanted = base.get(name)
    if wanted is None or wanted.shape != array.shape:
        found = "nothing" if wanted is None else f"shape {wanted.shape}"
        raise ModelError(
            f"the adapter's {name!r} has shape {array.shape}, the base model has {found} there; "
            "it belongs to another base"
        )
    return array


def _write_detector(merged: Arrays, head: Arrays, shape: DetectorShape, folder: Path) -> None:
    """Write the detector's graph, made of the tower as it is in the merged model."""
    import torch

    from vau_agent.agent.nano.detector import create_tower, export_detector, load_head

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tower = create_tower(config["vision_config"]["architecture"])
    prefix = len(_TOWER)
    state = {name[prefix:]: array for name, array in merged.items() if name.startswith(_TOWER)}
    try:
        tower.load_state_dict({name: torch.from_numpy(one) for name, one in state.items()})
        judge = load_head(
            {name: torch.from_numpy(one) for name, one in head.items()}, side=shape.side
        )
    except (KeyError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(f"the adapter's detector does not fit together: {first}") from error
    difference = export_detector(
        tower.eval(), judge.eval(), shape.card, folder, bins=shape.bins, side=shape.side
    )
    if difference > MAX_DIFFERENCE:
        raise ModelError(
            f"the detector's graph differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} "
            "are allowed; try other versions of torch and onnxruntime"
        )


def _group(weights: Arrays, group: str) -> Arrays:
    start = f"{group}."
    return {name[len(start) :]: one for name, one in weights.items() if name.startswith(start)}


def _lora_name(name: str) -> str:
    """Give the path of the changed matrix and which half this is: `...q_proj.A`."""
    path, _, half = name.removeprefix(_PEFT_PREFIX).removesuffix(".weight").rpartition(".lora_")
    return f"{path}.{half.removesuffix('.default')}"


def _to_half(name: str, tensor: "torch.Tensor") -> NDArray[np.float16]:
    values: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    if not np.all(np.abs(values) <= _LARGEST):  # false for what is no number, too
        raise ModelError(f"{name} holds a value that is no number, or too large; train it anew")
    return values.astype(np.float16, order="C")


def _load(path: Path) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        loaded: Arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{str(path)!r} cannot be read: {str(error).splitlines()[0]}") from error
    return loaded


def _save(weights: Arrays, path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(weights, path, metadata={"format": "pt"})
