"""Stage 0 from clips to files: train, fit the rule, measure on every level there is, export."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from vau_agent.errors import SettingsError
from vau_agent.tools.detection import Rule, find_candidates
from vau_agent.training.clips import Clip, ClipRecord, ClipStore, finished_shards
from vau_agent.training.detector.config import DetectorConfig
from vau_agent.training.detector.exporting import export_detector
from vau_agent.training.detector.judging import judge_clips
from vau_agent.training.detector.network import DetectorNetwork
from vau_agent.training.detector.saving import TrainedCard, save_trained
from vau_agent.training.detector.scoring import (
    Answer,
    Baseline,
    Figures,
    answer_of,
    categories_right,
    constant_answers,
    fit_baseline,
    fit_rule,
    majority_answers,
    measure_figures,
)
from vau_agent.training.detector.trainer import OnLine, Trainer, split_clips
from vau_agent.training.scenes.splits import Split

HELD_OUT: Final = "held out"
LEVELS: Final[tuple[Split, ...]] = ("L1", "L2", "L3")

Say = Callable[[str], None]


def train_detector(
    folder: Path,
    out: Path,
    config: DetectorConfig,
    *,
    tower: Path | None,
    resume: bool,
    on_line: OnLine = lambda line: None,
    say: Say = lambda line: None,
) -> TrainedCard:
    """Train on the clips of a folder; write weights, card and the files of the agent's tool.

    Args:
        folder: Store of clips; levels that it holds too are measured on.
        out: Where everything is written.
        config: How.
        tower: Weights to begin with (`network.load_tower`); `None` begins with chance.
        resume: Go on from the last checkpoint in `out`.
        on_line: Told every line of the log.
        say: Told what is done.

    Raises:
        SettingsError: There are too few clips or of another size; see also `Trainer`.
    """
    learned, held_out = split_clips(ClipStore.open(folder, "train"), config)
    _check_size(learned[0], config)
    trainer = Trainer(learned, config, out, tower=tower, resume=resume)
    say(
        f"{len(learned)} clips to learn from, {len(held_out)} held out, on {trainer.device.type}; "
        f"{trainer.progress.done} shown before"
    )
    network = trainer.run(on_line=on_line)
    say("fitting the rule on the clips held out")
    judged = judge_clips(network, held_out)
    truths = [clip.record for clip in held_out]
    rule = fit_rule(judged, truths)
    baseline = fit_baseline([learned.clips.records[place] for place in learned.places])
    answers = {HELD_OUT: [answer_of(find_candidates(one, rule)) for one in judged]}
    records: dict[str, list[ClipRecord]] = {HELD_OUT: truths}
    for level in LEVELS:
        if finished_shards(folder, level):
            say(f"measuring on {level}")
            clips = ClipStore.open(folder, level)
            answers[level] = answer_clips(network, clips, rule)
            records[level] = list(clips.records)
    card = TrainedCard(
        config=config,
        rule=rule,
        clips=len(learned),
        shown=trainer.progress.done,
        seconds=round(trainer.progress.seconds, 1),
        cpu_seconds=round(trainer.progress.cpu_seconds, 1),
        baseline=baseline,
        scores={name: score_rows(answers[name], records[name], baseline) for name in answers},
        kinds={name: categories_right(answers[name], records[name]) for name in answers},
    )
    export_detector(network, rule, out)
    save_trained(out, network, card)
    return card


def answer_clips(network: DetectorNetwork, clips: Sequence[Clip], rule: Rule) -> list[Answer]:
    """Say of each clip what the strongest candidate says."""
    return [answer_of(find_candidates(one, rule)) for one in judge_clips(network, clips)]


def score_rows(
    answers: Sequence[Answer], records: Sequence[ClipRecord], baseline: Baseline
) -> dict[str, Figures]:
    """Measure a detector's answers, and beside them what can be said without looking."""
    rows = {
        "detector": answers,
        "majority": majority_answers(baseline, records),
        "constant interval": constant_answers(baseline, records),
    }
    return {name: measure_figures(row, records) for name, row in rows.items()}


def _check_size(clip: Clip, config: DetectorConfig) -> None:
    network = config.network
    found, wanted = clip.pictures.shape[:2], (network.bins, network.side)
    if found != wanted:
        raise SettingsError(
            f"the clips have {found[0]} pictures of {found[1]} pixels, the network takes "
            f"{wanted[0]} of {wanted[1]}; set network.bins and network.side, or make other clips"
        )
