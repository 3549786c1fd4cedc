"""Stage 0: the tower and its head over time learn from clips, with a direct loss.

    vau-agent train clips --split train --count 8000 --out clips --jobs 2
    vau-agent train detector --clips clips --tower lite0.pth --out stage0 --config detector.toml

An interrupted training goes on with `--resume`: weights, moments and the place in the data are
those of the last checkpoint, and every batch depends on its place alone.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from vau_agent.errors import MissingDependencyError, SettingsError
from vau_agent.training.clips import Clip, ClipStore
from vau_agent.training.detector.augmentation import augment
from vau_agent.training.detector.batches import Batch, Batches
from vau_agent.training.detector.config import DetectorConfig, ScheduleConfig
from vau_agent.training.detector.losses import Losses, measure_losses
from vau_agent.training.detector.network import DetectorNetwork, load_tower
from vau_agent.training.detector.saving import (
    CARD,
    CHECKPOINT,
    LOG,
    Progress,
    cut_log,
    load_checkpoint,
    save_checkpoint,
)

_LEAST_RATE: Final = 0.01
"""Share of the rate that is left at the end."""

OnLine = Callable[[dict[str, float]], None]
"""Told every line of the log."""


@dataclass(frozen=True, kw_only=True)
class Part(Sequence[Clip]):
    """Some clips of a store, in its order."""

    clips: ClipStore
    places: range

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Clip:  # type: ignore[override]  # no slices
        return self.clips[self.places[index]]

    def __iter__(self) -> Iterator[Clip]:
        return (self[index] for index in range(len(self)))


def split_clips(clips: ClipStore, config: DetectorConfig) -> tuple[Part, Part]:
    """Give the clips to learn from, and the last ones, which are held out.

    Raises:
        SettingsError: There are too few.
    """
    learned = len(clips) - config.held_out
    if learned < config.schedule.batch:
        raise SettingsError(
            f"{len(clips)} clips are too few: {config.held_out} are held out (held_out) and a "
            f"batch takes {config.schedule.batch}; 'vau-agent train clips' makes more"
        )
    return (
        Part(clips=clips, places=range(learned)),
        Part(clips=clips, places=range(learned, len(clips))),
    )


class Trainer:
    """One training, from its beginning or its last checkpoint to its end."""

    def __init__(
        self, clips: Part, config: DetectorConfig, out: Path, *, tower: Path | None, resume: bool
    ) -> None:
        """Prepare.

        Args:
            clips: To learn from.
            config: How.
            out: Folder of checkpoint and log; made if absent.
            tower: Weights to begin with; see `load_tower`. `None` begins with chance.
            resume: Go on from the checkpoint in `out`.

        Raises:
            SettingsError: There is a checkpoint and `resume` was not given, or none and it was; or
                it belongs to another configuration.
        """
        self._config, self._out, self._clips = config, out, clips
        self.device = choose_device(config)
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.network = DetectorNetwork(config.network)
        if not resume:
            _check_new(out)
            if tower is not None:
                load_tower(self.network.tower, tower)
        self.network.to(self.device)
        self._optimiser = _optimiser(self.network, config.schedule)
        out.mkdir(parents=True, exist_ok=True)
        self.progress = Progress(config=config)
        if resume:
            self.progress = load_checkpoint(out, self.network, self._optimiser)
            _check_same(self.progress.config, config)
            cut_log(out / LOG, self.progress.done)

    def run(self, *, on_line: OnLine = lambda line: None) -> DetectorNetwork:
        """Learn to the end; give the network."""
        batches = Batches(self._clips, self._config)
        clock = _Clock(self.progress)
        saved = time.monotonic()
        self.network.train()
        board = _open_board(self._out) if self._config.tensorboard else None
        with (self._out / LOG).open("a", encoding="utf-8") as log:
            for step, batch in enumerate(batches.after(self.progress.done)):
                share = self.progress.done / batches.total
                losses = self._learn(batch.to(self.device), share)
                self.progress = clock.read(batch.done)
                if step % self._config.log_steps == 0 or batch.done >= batches.total:
                    line = self._line(losses, share)
                    log.write(json.dumps(line) + "\n")
                    log.flush()
                    if board is not None:
                        for name, value in line.items():
                            board.add_scalar(name, value, batch.done)
                    on_line(line)
                if time.monotonic() - saved > self._config.checkpoint_seconds:
                    self._save()
                    saved = time.monotonic()
        self._save()
        return self.network

    def _learn(self, batch: Batch, share: float) -> Losses:
        schedule = self._config.schedule
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(share, schedule.warmup)
        place = self.progress.done
        torch.manual_seed(self._config.seed * 1_000_003 + place)
        chance = np.random.default_rng((self._config.seed, place, 1))
        pictures, marks = augment(batch.pictures, batch.marks, self._config.augment, chance)
        halves = self._config.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halves):
            judged = self.network(pictures)
        losses = measure_losses(judged, marks, batch, self._config.loss)
        self._optimiser.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), schedule.clip_norm)
        self._optimiser.step()
        return losses

    def _line(self, losses: Losses, share: float) -> dict[str, float]:
        rate = rate_at(share, self._config.schedule.warmup)
        return {
            "clips": self.progress.done,
            "epoch": round(self.progress.done / len(self._clips), 3),
            **losses.values(),
            "rate": round(rate, 4),
            "seconds": round(self.progress.seconds, 1),
            "cpu_seconds": round(self.progress.cpu_seconds, 1),
        }

    def _save(self) -> None:
        save_checkpoint(self._out, self.progress, self.network, self._optimiser)


def rate_at(share: float, warmup: float) -> float:
    """Give the rate at a share of the training, as a share of its peak: a rise, then a cosine."""
    if share < warmup:
        return max(_LEAST_RATE, share / warmup)
    fallen = (share - warmup) / (1 - warmup)
    return _LEAST_RATE + (1 - _LEAST_RATE) * (1 + math.cos(math.pi * fallen)) / 2


def choose_device(config: DetectorConfig) -> torch.device:
    """Give the device to learn on.

    Raises:
        SettingsError: A GPU is asked for and torch finds none.
    """
    has_gpu = torch.cuda.is_available()
    if config.device == "cuda" and not has_gpu:
        raise SettingsError("device is 'cuda', but torch finds no GPU; set it to 'auto' or 'cpu'")
    return torch.device("cuda" if has_gpu and config.device != "cpu" else "cpu")


class _Clock:
    """Adds the time of this process to that of former ones."""

    def __init__(self, before: Progress) -> None:
        self._before = before
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def read(self, done: int) -> Progress:
        return self._before.model_copy(
            update={
                "done": done,
                "seconds": self._before.seconds + time.monotonic() - self._wall,
                "cpu_seconds": self._before.cpu_seconds + time.process_time() - self._cpu,
            }
        )


def _optimiser(network: DetectorNetwork, schedule: ScheduleConfig) -> torch.optim.AdamW:
    tower = [one for one in network.tower.parameters() if one.requires_grad]
    head = [*network.detector.parameters(), *network.cells.parameters()]
    groups: list[dict[str, Any]] = [
        {"params": tower, "peak": schedule.tower_rate},
        {"params": head, "peak": schedule.head_rate},
    ]
    return torch.optim.AdamW(groups, lr=schedule.head_rate, weight_decay=schedule.weight_decay)


def _check_new(out: Path) -> None:
    for name in (CHECKPOINT, CARD):
        if (out / name).exists():
            raise SettingsError(
                f"{str(out)!r} holds a training already; go on with --resume, or choose another "
                "folder with --out"
            )


def _check_same(before: DetectorConfig, now: DetectorConfig) -> None:
    free = {"device", "threads", "checkpoint_seconds", "log_steps", "tensorboard", "precision"}
    former, wanted = before.model_dump(exclude=free), now.model_dump(exclude=free)
    for name, value in wanted.items():
        if former[name] != value:
            raise SettingsError(
                f"the checkpoint was made with another {name}: {former[name]}; resume with the "
                "same configuration"
            )


def _open_board(out: Path) -> Any:  # noqa: ANN401 - an optional package's own class
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "tensorboard = true needs the package tensorboard; install it with: "
            "pip install tensorboard"
        ) from error
    return SummaryWriter(out)
