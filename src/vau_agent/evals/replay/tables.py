"""What comes of a replay: raw answers to agent, each step, calls against accuracy, segments."""

from collections.abc import Mapping, Sequence
from typing import Final

from vau_agent.evals.benchmarks.ucf_crime import FPS
from vau_agent.evals.blind.rows import frame_methods
from vau_agent.evals.blind.windows import fit_proportional
from vau_agent.evals.metrics.frames import ScoredVideo, paired_frames, score_frames
from vau_agent.evals.metrics.intervals import best_iou, set_iou, to_seconds
from vau_agent.evals.replay.ablation import SHUFFLES
from vau_agent.evals.report.plotting import CALLS
from vau_agent.evals.scoring.answers import Answer
from vau_agent.evals.scoring.segments import answer_iou, answer_set_iou
from vau_agent.evals.significance import Interval, paired_difference
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

Scored = Sequence[ScoredVideo]
Differences = Mapping[str, Interval]

AGENT: Final = "agent"
PUBLISHED: Final = "CoReVAD, smoothed and position-weighted"


def frames_table(
    agent: Scored,
    others: Mapping[str, Scored],
    conventions: Mapping[str, str],
    *,
    draws: int,
    seed: int,
) -> Table:
    """Put the agent beside what was made of the same answers before, and beside blind rows.

    Args:
        agent: The agent's scores.
        others: Other scores of the same videos by name; the gain over each is a row.
        conventions: Of every table.
        draws: Of every bootstrap.
        seed: Of every bootstrap.
    """
    named = {**others, AGENT: agent}
    rows = [
        Row(name=name, metrics=score_frames(scored, draws=draws, seed=seed))
        for name, scored in named.items()
    ]
    rows += [
        Row(
            name=f"{AGENT} - {name}",
            kind="difference",
            metrics=_estimates(paired_frames(scored, agent, draws=draws, seed=seed)),
        )
        for name, scored in others.items()
    ]
    blind = frame_methods([(video.id, video.labels) for video in agent])
    rows += [
        Row(name=name, kind=kind, metrics=score_frames(scored, draws=draws, seed=seed))
        for name, kind, scored in blind
    ]
    return Table(
        title="Frames: recorded answers, and what the agent makes of them",
        rows=tuple(rows),
        conventions={
            **conventions,
            "frames": "30 an answer, cut at the annotated length",
            "differences": "paired: the same videos are drawn for both",
            "within_auc": "frames of anomalous videos only",
            "position prior": "off in the agent",
        },
    )


def steps_table(
    agent: Scored,
    without: Mapping[str, Scored],
    shuffled: Mapping[str, Sequence[Scored]],
    conventions: Mapping[str, str],
    *,
    draws: int,
    seed: int,
) -> Table:
    """Say what each step is worth, left out and against its shuffled controls.

    Args:
        agent: The agent's scores, all steps on.
        without: Scores without each step, by its name.
        shuffled: Scores of each step's controls.
        conventions: Of every table.
        draws: Of every bootstrap.
        seed: Of every bootstrap.
    """
    rows = [Row(name=AGENT, metrics=score_frames(agent, draws=draws, seed=seed))]
    for step, scored in without.items():
        controls = shuffled.get(step, ())
        rows.append(
            Row(name=f"without: {step}", metrics=score_frames(scored, draws=draws, seed=seed))
        )
        gains = paired_frames(scored, agent, draws=draws, seed=seed)
        rows.append(Row(name=f"gain: {step}", kind="difference", metrics=_estimates(gains)))
        if controls:
            least = [paired_frames(one, agent, draws=draws, seed=seed) for one in controls]
            name = f"gain over shuffled: {step}"
            rows.append(Row(name=name, kind="difference", metrics=_estimates(_least(least))))
    return Table(
        title="Steps: left out, and against shuffled controls",
        rows=tuple(rows),
        conventions={
            **conventions,
            "gain": "agent less the agent without the step, paired",
            "gain over shuffled": f"the least of {SHUFFLES} controls, with its interval",
        },
    )


def calls_table(
    by_calls: Mapping[float, tuple[Scored, int]],
    blind: Sequence[Row],
    conventions: Mapping[str, str],
    *,
    draws: int,
    seed: int,
) -> Table:
    """Say what fewer looks cost.

    Args:
        by_calls: Scores, and looks taken in all, by looks an hour of video.
        blind: Rows of the same videos that take no look.
        conventions: Of every table.
        draws: Of every bootstrap.
        seed: Of every bootstrap.
    """
    rows = []
    n = max(len(scored) for scored, _ in by_calls.values())
    for per_hour, (scored, calls) in by_calls.items():
        figures = score_frames(scored, draws=draws, seed=seed)
        hours = sum(video.total for video in scored) / FPS / 3600
        rows.append(
            Row(
                name=f"{per_hour:g} calls an hour",
                metrics=figures | _looks(calls, calls / hours, n),
            )
        )
    free = _looks(0, 0, n)
    rows += [row.model_copy(update={"metrics": row.metrics | free}) for row in blind]
    return Table(
        title="Calls: how much is seen with fewer looks",
        rows=tuple(rows),
        conventions={
            **conventions,
            "looks": "half of them even, then between the moments that seem to matter; at least "
            "one a video",
        },
    )


def windows_table(
    answers: Sequence[Answer], conventions: Mapping[str, str], *, draws: int, seed: int
) -> Table | None:
    """Compare the agent's segments with windows that never look; `None` without times."""
    timed = [one for one in answers if one.sample.truth.events and one.sample.duration_s]
    if not timed:
        return None
    truths = [one.sample.truth.events or () for one in timed]
    lengths = [float(one.sample.duration_s or 0) for one in timed]
    share = fit_proportional(truths, lengths)
    windows = {
        "whole video": [Segment(start=0, end=length) for length in lengths],
        "best window fitted here (upper bound)": [to_seconds(share, one) for one in lengths],
    }
    best = [answer_iou(one, "final") for one in timed]
    covered = [answer_set_iou(one, "final") for one in timed]
    rows = []
    for name, claimed in windows.items():
        pairs = list(zip(claimed, truths, strict=True))
        gains = {
            "miou": ([best_iou(window, truth) for window, truth in pairs], best),
            "set_iou": ([set_iou([window], truth) for window, truth in pairs], covered),
        }
        rows.append(
            Row(
                name=f"{AGENT} - {name}",
                kind="difference",
                metrics={
                    metric: paired_difference(blind, ours, draws=draws, seed=seed).estimate()
                    for metric, (blind, ours) in gains.items()
                },
            )
        )
    return Table(
        title="Segments: the agent less windows that never look",
        rows=tuple(rows),
        conventions={**conventions, "differences": "paired, anomalous videos only"},
    )


def _looks(calls: int, per_hour: float, videos: int) -> dict[str, Estimate]:
    return {
        "calls": Estimate(value=calls, n=videos),
        CALLS: Estimate(value=per_hour, n=videos),
    }


def _least(gains: Sequence[Differences]) -> Differences:
    """Give, of each figure, the gain that is smallest."""
    return {
        name: min((one[name] for one in gains), key=lambda interval: interval.value)
        for name in gains[0]
        if all(name in one for one in gains)
    }


def _estimates(differences: Differences) -> dict[str, Estimate]:
    return {name: one.estimate() for name, one in differences.items()}
