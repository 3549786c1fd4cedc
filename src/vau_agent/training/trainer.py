"""TRL's trainer for rows of ours: weighted tokens, a still tower, checkpoints by the clock.

Importing this imports torch, transformers and TRL: `install_shim` comes before it.
"""

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from transformers import (
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.training.batches import UNLEARNED, Collator
from vau_agent.training.checkpoints import WHOLE
from vau_agent.training.config import LanguageConfig

if TYPE_CHECKING:
    from datasets import Dataset

_LOG: Final = "log.jsonl"
_PROJECTOR: Final = "multi_modal_projector"
_KEPT_CHECKPOINTS: Final = 2
_MAX_GRADIENT: Final = 1.0

OnLine = Callable[[dict[str, float]], None]


class LanguageTrainer(SFTTrainer):
    """Learns weighted tokens; logits are made of those only."""

    picture_id: int
    """Token that stands for a cell of a picture."""
    in_halves: bool = False
    """Whether arithmetic is bfloat16."""
    steps_done: int = 0
    """Steps since this start."""

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401 - transformers' own class
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: object = None,
    ) -> torch.Tensor:
        """Give the mean over the batch's learned tokens, each by its weight."""
        self.steps_done += 1
        return self.loss_of(inputs)

    def loss_of(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Give the weighted loss of a batch as the collator makes it."""
        adapted: Any = self.model
        core = adapted.get_base_model()
        core.model.vision_tower.eval()  # its statistics stay those of stage 0
        given = {name: tensor.to(core.device) for name, tensor in inputs.items()}
        weights, labels = given.pop("weights")[:, 1:], given.pop("labels")[:, 1:]
        learned = labels != UNLEARNED
        given["pixel_values"] = given["pixel_values"].to(core.dtype)
        with torch.autocast(core.device.type, torch.bfloat16, enabled=self.in_halves):
            hidden = core.model(**given, use_cache=False).last_hidden_state[:, :-1]
            logits = core.lm_head(hidden[learned]).float()
        losses = torch.nn.functional.cross_entropy(logits, labels[learned], reduction="none")
        self._note(logits, labels[learned], weights[learned])
        loss: torch.Tensor = (losses * weights[learned]).sum() / weights[learned].sum()
        return loss

    def _note(self, logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> None:
        """Count how many tokens, and how many of those that decide, are the likeliest ones."""
        right = (logits.detach().argmax(dim=-1) == labels).float()
        decides = weights > 1
        mode = "train" if torch.is_grad_enabled() else "eval"
        self._metrics[mode]["token_accuracy"].append(float(right.mean()))
        if bool(decides.any()):
            self._metrics[mode]["decision_accuracy"].append(float(right[decides].mean()))


class Clockwork(TrainerCallback):
    """Saves every few minutes, marks what was saved whole, and writes the log's lines."""

    def __init__(self, out: Path, *, minutes: float, on_line: OnLine) -> None:
        self._out = out
        self._seconds = minutes * 60
        self._on_line = on_line
        self._saved = time.monotonic()

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Ask for a checkpoint when the time has come."""
        if time.monotonic() - self._saved >= self._seconds:
            control.should_save = True

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Mark the checkpoint as whole."""
        (self._out / f"checkpoint-{state.global_step}" / WHOLE).touch()
        self._saved = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        """Append one line of JSON."""
        told = {name: round(float(value), 6) for name, value in (logs or {}).items()}
        line = {"step": float(state.global_step), **told}
        with (self._out / _LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._on_line(line)


def build_trainer(
    loaded: LoadedModel,
    model: Any,  # noqa: ANN401 - peft's own class
    collator: Collator,
    dataset: "Dataset",
    out: Path,
    config: LanguageConfig,
    on_line: OnLine,
    *,
    in_halves: bool,
) -> LanguageTrainer:
    """Put the trainer together; nothing is sent anywhere."""
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    out.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # TRL asks transformers for a setting by its former name
        warnings.filterwarnings(
            "ignore", message=".*gradient_checkpointing", category=FutureWarning
        )
        trainer = LanguageTrainer(
            model=model,
            args=_arguments(out, config, on_gpu=loaded.device.type == "cuda"),
            data_collator=collator,
            train_dataset=dataset,
            processing_class=loaded.processor,
            callbacks=[Clockwork(out, minutes=config.checkpoint_minutes, on_line=on_line)],
            optimizers=(_optimiser(model, config), None),
        )
    trainer.remove_callback(PrinterCallback)  # `Clockwork` tells what is logged
    trainer.picture_id = loaded.model.config.image_token_id
    trainer.in_halves = in_halves
    return trainer


def _arguments(out: Path, config: LanguageConfig, *, on_gpu: bool) -> SFTConfig:
    return SFTConfig(
        output_dir=str(out),
        per_device_train_batch_size=config.batch,
        num_train_epochs=1,  # all passes stand in the dataset
        max_steps=config.max_steps,
        learning_rate=config.lora_learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup_steps,
        max_grad_norm=_MAX_GRADIENT,
        train_sampling_strategy="sequential",
        seed=config.seed,
        use_cpu=not on_gpu,
        bf16=False,  # `LanguageTrainer` decides itself what runs in halves
        max_length=None,
        packing=False,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        logging_steps=config.log_steps,
        logging_nan_inf_filter=False,
        save_strategy="no",  # `Clockwork` asks for checkpoints
        save_total_limit=_KEPT_CHECKPOINTS,
        report_to=list(config.report_to),
        disable_tqdm=True,
    )


def _optimiser(model: Any, config: LanguageConfig) -> torch.optim.AdamW:  # noqa: ANN401 - peft's own class
    learning = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
    projector = [one for name, one in learning if _PROJECTOR in name]
    lora = [one for name, one in learning if _PROJECTOR not in name]
    return torch.optim.AdamW(
        [
            {"params": lora, "lr": config.lora_learning_rate},
            {"params": projector, "lr": config.projector_learning_rate},
        ],
        weight_decay=0.0,
    )
