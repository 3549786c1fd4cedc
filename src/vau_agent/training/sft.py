"""Stage 2: the language model learns the agent's dialogues, through TRL's trainer and LoRA.

The tower stays as it is, the projector learns on, and of the language model only LoRA's matrices
learn. What a row teaches, and how much each token counts, is decided in `chains` and `batches`.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.profile import load_profile
from vau_agent.errors import ModelError
from vau_agent.schemas import Value
from vau_agent.tools.detection import Rule
from vau_agent.training.batches import Collator, EncodedRow, RowEncoder
from vau_agent.training.chains import OwnAnswers, RowMaker
from vau_agent.training.checkpoints import (
    ADAPTER,
    ADAPTER_WEIGHTS,
    cut_log,
    find_checkpoint,
    trained_weights,
)
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import LanguageConfig
from vau_agent.training.detections import Detect, noisy_truth, open_detect
from vau_agent.training.models import open_model
from vau_agent.training.preflight import Preflight, check_batch

if TYPE_CHECKING:
    from datasets import Dataset

    from vau_agent.training.trainer import LanguageTrainer

LOG: Final = "log.jsonl"
CARD: Final = "stage2.json"
_GROUPED: Final = 50
"""Batches that are drawn together, so that rows of similar length stand in one."""
_TARGETS: Final = r".*language_model\..*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
PROJECTOR: Final = "multi_modal_projector"

OnLine = Callable[[dict[str, float]], None]
"""Told what is logged."""


class LanguageCard(Value):
    """What stage 2 learned from, how long it took, and how it was told to learn."""

    config: LanguageConfig
    base: str
    detector: str | None
    """Folder of the detector whose measurements rows quote; `None` is a noisy truth."""
    clips: int
    rows: int
    tokens: int
    """Of one pass over the rows."""
    learned_tokens: int
    steps: int
    loss: float
    """Mean of the last tenth of the steps."""
    seconds: float
    cpu_seconds: float
    """Of this start only, where a training was resumed."""
    cpu_seconds_per_row: float


def train_language(
    base: Path,
    out: Path,
    store: ClipStore,
    config: LanguageConfig,
    *,
    detector: Path | None = None,
    own: OwnAnswers | None = None,
    start: Path | None = None,
    resume: bool = False,
    on_line: OnLine = lambda line: None,
) -> LanguageCard:
    """Train LoRA and projector; checkpoints, log and the adapter are written to a folder.

    Args:
        base: Model folder, aligned by stage 1.
        out: Made if it is absent.
        store: Clips that neither stage 0 nor an evaluation has seen.
        config: How it learns.
        detector: Folder with a trained `detector.onnx`.
        own: First answers that a policy wrote itself.
        start: Folder of another training of the same base, whose adapter learns on.
        resume: Go on from the last whole checkpoint in `out`.
        on_line: Progress.

    Raises:
        SettingsError: There is nothing to resume, or something is there and `resume` is not given.
        ModelError: Pictures do not reach the model, or `start` holds no adapter for it.
        GenerationError: The base folder cannot be loaded.
    """
    began, cpu_began = time.monotonic(), time.process_time()
    checkpoint = find_checkpoint(out, resume=resume)
    if checkpoint is not None:
        cut_log(out / LOG, checkpoint)
    loaded = open_model(base)
    maker = make_rows(base, store, config, detector=detector, own=own)
    encoder = RowEncoder(loaded, decision_weight=config.decision_weight)
    rows = [encoder.encode(row) for row in maker.rows()]
    model = attach_lora(loaded, config)
    if start is not None:
        take_adapter(model, start)
    collator = Collator(loaded, store, rows)
    order = plan_order([row.length for row in rows], config)
    trainer = build_trainer(loaded, model, collator, _dataset(order, rows), out, config, on_line)
    checked = check_batch(trainer, collator, order[: config.batch], encoder.tokens_per_picture)
    _say_checked(checked, rows, on_line)
    ready = time.process_time()
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    model.save_pretrained(str(out / ADAPTER))
    shown = max(1, trainer.steps_done * config.batch)
    card = LanguageCard(
        config=config,
        base=str(base),
        detector=None if detector is None else str(detector),
        clips=len(config.clips.places(len(store))),
        rows=len(rows),
        tokens=sum(row.length for row in rows),
        learned_tokens=sum(int((row.weights > 0).sum()) for row in rows),
        steps=trainer.state.global_step,
        loss=_last_loss(out / LOG),
        seconds=round(time.monotonic() - began, 1),
        cpu_seconds=round(time.process_time() - cpu_began, 1),
        cpu_seconds_per_row=round((time.process_time() - ready) / shown, 3),
    )
    (out / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return card


def make_rows(
    base: Path,
    store: ClipStore,
    config: LanguageConfig,
    *,
    detector: Path | None = None,
    own: OwnAnswers | None = None,
) -> RowMaker:
    """Give what makes the rows of a training, or the openings for a policy's own answers."""
    detect: Detect = noisy_truth
    rule = Rule()
    if detector is not None:
        detect, rule = open_detect(detector)
    return RowMaker(
        store=store,
        clips=config.clips,
        config=config.rows,
        profile=load_profile(base),
        detect=detect,
        rule=rule,
        seed=config.seed,
        own=own or {},
    )


def attach_lora(loaded: LoadedModel, config: LanguageConfig) -> Any:  # noqa: ANN401 - peft's own class
    """Give the model LoRA's matrices in the language model, and a projector that learns."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(config.seed)
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        target_modules=_TARGETS,
        modules_to_save=[PROJECTOR],
    )
    if computes_in_halves(config, loaded):
        loaded.model.to(torch.bfloat16)
    loaded.model.model.vision_tower.to(memory_format=torch.channels_last)
    model = get_peft_model(loaded.model, lora)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model


def take_adapter(model: Any, start: Path) -> None:  # noqa: ANN401 - peft's own class
    """Give a model the adapter that another training of the same base left.

    Raises:
        ModelError: There is none, or it is of another shape.
    """
    from peft import set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = trained_weights(start) / ADAPTER_WEIGHTS
    try:
        told: Any = set_peft_model_state_dict(model, load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{str(path)!r} cannot be gone on from: {first}") from error
    if told.unexpected_keys:
        raise ModelError(
            f"{str(path)!r} changes {told.unexpected_keys[0]!r}, which the base does not have; "
            "give the --base that it was trained on"
        )


def computes_in_halves(config: LanguageConfig, loaded: LoadedModel) -> bool:
    """Tell whether bfloat16 is asked for, or is there and quicker."""
    import torch

    if config.precision != "auto":
        return config.precision == "bfloat16"
    return loaded.device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())


def plan_order(lengths: Sequence[int], config: LanguageConfig) -> list[int]:
    """Give the places of rows in the order of training: batches hold rows of similar length.

    All passes in one list, so that a resumed training goes on at the same row.
    """
    chance = np.random.default_rng((config.seed, len(lengths)))
    order: list[int] = []
    for _ in range(math.ceil(config.epochs)):
        order.extend(_one_pass(lengths, config.batch, chance))
    return order[: max(config.batch, round(len(lengths) * config.epochs))]


def build_trainer(
    loaded: LoadedModel,
    model: Any,  # noqa: ANN401 - peft's own class
    collator: Collator,
    dataset: "Dataset",
    out: Path,
    config: LanguageConfig,
    on_line: OnLine,
) -> "LanguageTrainer":
    """Put TRL's trainer together."""
    from vau_agent.training.trainer import build_trainer as build

    return build(
        loaded,
        model,
        collator,
        dataset,
        out,
        config,
        on_line,
        in_halves=computes_in_halves(config, loaded),
    )


def _one_pass(lengths: Sequence[int], batch: int, chance: np.random.Generator) -> list[int]:
    drawn = chance.permutation(len(lengths))
    batches: list[list[int]] = []
    for first in range(0, len(drawn), batch * _GROUPED):
        group = sorted(
            (int(place) for place in drawn[first : first + batch * _GROUPED]),
            key=lambda place: lengths[place],
        )
        batches.extend(group[start : start + batch] for start in range(0, len(group), batch))
    whole = [one for one in batches if len(one) == batch]
    rest = [place for one in batches if len(one) < batch for place in one]
    shuffled = [whole[int(place)] for place in chance.permutation(len(whole))]
    return [place for one in shuffled for place in one] + rest


def _dataset(order: Sequence[int], rows: Sequence[EncodedRow]) -> "Dataset":
    """Give the order as TRL wants it: what a row holds is looked up when it is needed."""
    from datasets import Dataset

    pictures = [len(rows[place].pictures) for place in order]
    return Dataset.from_dict({"row": list(order), "images": pictures})


def _say_checked(checked: Preflight, rows: Sequence[EncodedRow], on_line: OnLine) -> None:
    on_line(
        {
            "rows": len(rows),
            "tokens_per_row": round(float(np.mean([row.length for row in rows])), 1),
            "loss_before": checked.loss,
            "loss_blank": checked.blank_loss,
        }
    )


def _last_loss(path: Path) -> float:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    losses = [float(line["loss"]) for line in lines if "loss" in line]
    last = losses[-max(1, len(losses) // 10) :]
    return round(float(np.mean(last)), 4) if last else math.nan
