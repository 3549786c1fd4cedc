"""Times of VAU-Bench, scored by VAU-R1's rules and by mended ones."""

from collections.abc import Sequence
from typing import Final

from vau_agent.evals.blind.rows import localisation_rows
from vau_agent.evals.formats.vau_answers import MISSING_WRONG, Answer, answered, share
from vau_agent.evals.formats.vau_r1 import (
    MISSING,
    Label,
    Times,
    compat_iou,
    compat_label_is_right,
    compat_times,
    reward_iou,
    strict_iou,
    strict_label,
    strict_times,
)
from vau_agent.evals.metrics.intervals import score_ious
from vau_agent.evals.samples import Gap
from vau_agent.evals.significance import bootstrap_mean
from vau_agent.evals.tables import Estimate, Row

NOTHING: Final = "no answered video takes part"
NO_LABEL: Final = "no answer holds an answer tag"


def tag_rows(answers: Sequence[Answer], draws: int, seed: int) -> tuple[Row, ...]:
    """Score times, in both ways, and what windows score that nobody looked for."""
    given = answered(answers)
    rows = [
        _compat(given, draws, seed),
        _strict("strict", given, draws, seed),
    ]
    if len(given) < len(answers):
        rows.append(_strict(MISSING_WRONG, answers, draws, seed))
    samples = [answer.sample for answer in given]
    return (*rows, *localisation_rows(samples, draws=draws, seed=seed))


def compat_ious(answers: Sequence[Answer]) -> dict[str, float]:
    """Return the published IoU of each answered video that is not marked normal by (0, 0)."""
    return {
        answer.id: compat_iou(compat_times(answer.text), truth)
        for answer in answers
        if answer.text is not None and (truth := _written(answer)) is not None and truth != MISSING
    }


def tag_gaps(answers: Sequence[Answer]) -> tuple[Gap, ...]:
    """Name the answers whose times cannot be used strictly; they score 0 there."""
    gaps = []
    for answer in answered(answers):
        text = answer.text or ""
        if strict_times(text) is not None:
            continue
        start, end = compat_times(text)
        if (start, end) == MISSING:
            gaps.append(Gap(id=answer.id, kind="unreadable", detail=f"no times in {text[:60]!r}"))
        elif end < start:
            detail = f"times {start:g}..{end:g} s; 0 in both scorers"
            gaps.append(Gap(id=answer.id, kind="reversed-times", detail=detail))
        else:
            detail = f"times {start:g}..{end:g} s are not as asked; 0 in strict"
            gaps.append(Gap(id=answer.id, kind="unreadable", detail=detail))
    return tuple(gaps)


def _compat(answers: Sequence[Answer], draws: int, seed: int) -> Row:
    rewards = [
        reward_iou(compat_times(answer.text or ""), truth)
        for answer in answers
        if (truth := _written(answer)) is not None
    ]
    labels = [compat_label_is_right(answer.text or "", _label(answer)) for answer in answers]
    return Row(
        name="compat",
        metrics=score_ious(list(compat_ious(answers).values()), draws=draws, seed=seed)
        | {
            "reward_iou": _mean(rewards, draws, seed),
            "label_accuracy": share(labels if _labelled(answers) else [], NO_LABEL),
        },
    )


def _strict(name: str, answers: Sequence[Answer], draws: int, seed: int) -> Row:
    timed = [answer for answer in answers if answer.sample.truth.events is not None]
    times = [None if one.text is None else strict_times(one.text) for one in timed]
    truths = [one.sample.truth.events or () for one in timed]
    ious = [
        strict_iou(predicted, events[0] if events else None)
        for predicted, events in zip(times, truths, strict=True)
    ]
    labels = [strict_label(answer.text or "") == _label(answer) for answer in answers]
    return Row(
        name=name,
        metrics=score_ious(ious, normal=[not events for events in truths], draws=draws, seed=seed)
        | {
            "label_accuracy": share(labels if _labelled(answers) else [], NO_LABEL),
            "unparsed": Estimate(value=times.count(None), n=len(times)),
        },
    )


def _mean(values: Sequence[float], draws: int, seed: int) -> Estimate:
    if not values:
        return Estimate(value=None, n=0, note=NOTHING)
    return bootstrap_mean(values, draws=draws, seed=seed).estimate()


def _labelled(answers: Sequence[Answer]) -> bool:
    return any("<answer>" in (answer.text or "") for answer in answers)


def _label(answer: Answer) -> Label:
    return "Anomaly" if answer.sample.truth.anomalous else "Normal"


def _written(answer: Answer) -> Times | None:
    """Return the true times as they are written, (0, 0) and (-1, -1) included."""
    try:
        return float(answer.row["start time"]), float(answer.row["end time"])
    except ValueError:
        return None
