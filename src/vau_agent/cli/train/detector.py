"""`vau-agent train detector`: stage 0, the picture network and its head over time."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.cli.train.options import (
    ClipsOption,
    ConfigOption,
    ResumeOption,
    SeedOption,
    find_folder,
)

if TYPE_CHECKING:
    from vau_agent.evals.significance import Interval
    from vau_agent.training.detector.saving import TrainedCard


def detector(
    clips: ClipsOption,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where checkpoint, log and results go.")
    ],
    tower: Annotated[
        Path | None,
        typer.Option(
            "--tower",
            metavar="MODEL",
            help="Weights to begin with: a pulled model (nano-base), its folder, or "
            "EfficientNet-Lite0's .pth file. Without it, learning begins with chance.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    epochs: Annotated[
        float | None,
        typer.Option("--epochs", metavar="N", help="Passes over the clips.", show_default=False),
    ] = None,
    seed: SeedOption = None,
    resume: ResumeOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the detector on clips of 'train', and measure it on every level the folder holds.

    Writes stage0.safetensors (weights, tower.* and detector.*), stage0.json (configuration and
    scores), detector.onnx and detector.json (for the tool 'detect'), log.jsonl.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from vau_agent.training.config import load_config
    from vau_agent.training.detector.config import DetectorConfig
    from vau_agent.training.detector.stage import train_detector

    given = load_config(DetectorConfig, config, {"schedule.epochs": epochs, "seed": seed})

    def say(line: str) -> None:
        if not quiet:
            print(line, file=sys.stderr, flush=True)

    def on_line(line: dict[str, float]) -> None:
        words = "  ".join(f"{name} {value:g}" for name, value in line.items())
        say(f"  {words}")

    begun = None if tower is None else find_folder(tower)
    card = train_detector(clips, out, given, tower=begun, resume=resume, on_line=on_line, say=say)
    for line in tell_scores(card):
        print(line)


def tell_scores(card: "TrainedCard") -> list[str]:
    """Put the scores of a training into a table of text."""
    lines = [f"{'':30}{'binary':>22}{'category':>22}{'mIoU':>22}"]
    for level, rows in card.scores.items():
        for name, figures in rows.items():
            cells = (_told(one) for one in (figures.binary, figures.category, figures.miou))
            title = f"{level} {name}, {figures.binary.n}"
            lines.append(f"{title:<30.30}" + "".join(f"{cell:>22}" for cell in cells))
    lines.append(f"rule: alarm {card.rule.alarm:.2f}, edge {card.rule.edge:.2f}")
    return lines


def _told(interval: "Interval | None") -> str:
    if interval is None:
        return "-"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
