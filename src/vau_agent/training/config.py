"""What a stage of training is told: one TOML file a stage, defaults in code, flags over both."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from vau_agent.errors import SettingsError
from vau_agent.schemas import Score, Value


class StageConfig(Value):
    """What every stage is told."""

    seed: int = Field(default=0, ge=0)
    """Equal seeds give equal rows, in equal order."""


class ClipRange(Value):
    """Which clips of a store a stage learns from; stages that build on one another share none."""

    first: int = Field(default=0, ge=0)
    count: int | None = Field(default=None, ge=1)
    """`None` takes all from the first on."""

    def places(self, available: int) -> range:
        """Give the places in a store of `available` clips.

        Raises:
            SettingsError: The store has none of them.
        """
        end = available if self.count is None else min(available, self.first + self.count)
        if end <= self.first:
            raise SettingsError(
                f"clips from number {self.first} on are wanted, and there are {available}; "
                "lower clips.first, or make more with 'vau-agent train clips'"
            )
        return range(self.first, end)


class AlignmentConfig(StageConfig):
    """Stage 1: what the projector gives for a frame becomes the word for what the frame shows."""

    clips: ClipRange = ClipRange()
    frames: int = Field(default=6000, ge=16)
    """Frames whose features are kept in memory: 40 kB each."""
    steps: int = Field(default=300, ge=1)
    batch: int = Field(default=128, ge=1)
    """Frames."""
    learning_rate: float = Field(default=2e-3, gt=0)


class RowsConfig(Value):
    """Which rows are made of each clip."""

    variants: int = Field(default=1, ge=1)
    """Times each clip is used, each time otherwise."""
    detected: Score = 0.9
    """Share for which the detector was asked."""
    told_first: Score = 0.2
    """Of those, share whose first look comes with what it measured; all others learn it when they
    check their first answer."""
    reflected: Score = 0.6
    """Share that goes on to self-reflection."""
    wrong: Score = 0.5
    """Of those, share whose first answer is made wrong."""
    doubted: Score = 0.1
    """Of the right first answers, share that is looked at again all the same, and kept."""
    verified: Score = 0.1
    """Share that is a blind second look instead."""
    asked: Score = 0.15
    """Share that ends with an investigator's question."""
    offset: Score = 0.3
    """Share whose window begins somewhere in the first two hours of a video, not at its start."""
    uneven: Score = 0.25
    """Share whose frames are not spread evenly."""
    copied_iou: Score = 0.5
    """A measured segment that overlaps the truth this much is copied rather than redrawn."""


class LanguageConfig(StageConfig):
    """Stage 2: the language model and the projector learn to reason, reflect and revise."""

    clips: ClipRange = ClipRange()
    rows: RowsConfig = RowsConfig()
    epochs: float = Field(default=1.0, gt=0)
    max_steps: int = Field(default=-1, ge=-1)
    """Ends there instead, at whatever epoch that is; -1 leaves it to `epochs`."""
    batch: int = Field(default=6, ge=1)
    lora_rank: int = Field(default=16, ge=1)
    lora_alpha: int = Field(default=32, ge=1)
    lora_learning_rate: float = Field(default=1e-3, gt=0)
    projector_learning_rate: float = Field(default=3e-4, gt=0)
    warmup_steps: int = Field(default=10, ge=0)
    decision_weight: float = Field(default=3.0, gt=0)
    """Of the tokens of verdict, interval and acceptance, beside 1 for all others."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of arithmetic; weights that learn stay float32. `auto`: bfloat16 where the machine has it."""
    checkpoint_minutes: float = Field(default=3.0, gt=0)
    log_steps: int = Field(default=5, ge=1)
    report_to: tuple[Literal["tensorboard", "trackio"], ...] = ()


Config = TypeVar("Config", bound=StageConfig)


def load_config(
    kind: type[Config], path: Path | None, overrides: Mapping[str, object] | None = None
) -> Config:
    """Read a stage's file and put what the command line says over it.

    Args:
        kind: The stage's configuration.
        path: TOML; `None` takes the defaults.
        overrides: By dotted name; `None` values are left out.

    Raises:
        SettingsError: The file is absent or not TOML, or a value is invalid.
    """
    values = {} if path is None else _read(path)
    for name, value in (overrides or {}).items():
        if value is not None:
            _put(values, name.split("."), value)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = "" if path is None else f" in {str(path)!r}"
        raise SettingsError(
            f"{name} = {first['input']!r}{where}: {first['msg'].lower()}; "
            "docs/training.md lists what a stage can be told"
        ) from error


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{str(path)!r} is not valid TOML: {error}; mend it") from error


def _put(values: dict[str, object], names: list[str], value: object) -> None:
    *groups, leaf = names
    for group in groups:
        inner = values.setdefault(group, {})
        if not isinstance(inner, dict):
            return  # the file gives no table there, and is refused for that
        values = inner
    values[leaf] = value
