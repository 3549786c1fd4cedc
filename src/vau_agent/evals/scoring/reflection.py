"""What reflection brought: first opinions against last ones, a row that never revises beside."""

from collections.abc import Mapping, Sequence

from vau_agent.evals.metrics.echo import echo_scores
from vau_agent.evals.metrics.reflection import (
    effective_reflection_ratio,
    reflection_scores,
)
from vau_agent.evals.samples import Gap
from vau_agent.evals.scoring.answers import Answer, When, unanswered_note
from vau_agent.evals.scoring.segments import answer_iou, true_events
from vau_agent.evals.tables import Row, Table

IOU_RIGHT = 0.5


def reflection_tables(
    answers: Sequence[Answer], conventions: Mapping[str, str], *, draws: int, seed: int
) -> tuple[Table, ...]:
    """Compare first and last opinions, by label and where times are known by segment."""
    both = [one for one in answers if one.opinion("initial") is not None]
    if not both:
        return ()
    unknown = tuple(
        Gap(id=one.sample.id, kind="missing-prediction", detail="it states no first opinion")
        for one in answers
        if one.is_answered and one not in both
    )
    labels = reflection_scores(
        [_rightness(one, "initial") for one in both],
        [_rightness(one, "final") for one in both],
        right_at=1.0,
        draws=draws,
        seed=seed,
    )
    measured, never = labels.rows("agent")
    reflected = [one for one in both if one.record is not None and one.record.reflection_text]
    said = {
        "effective_reflection_ratio": effective_reflection_ratio(
            [_rightness(one, "final") for one in both],
            [float(one in reflected) for one in both],
        )
    }
    if reflected:
        said |= echo_scores(
            [str(one.record.reflection_text) for one in reflected if one.record],
            [one.record.initial_text or "" for one in reflected if one.record],
        )
    tables = [
        Table(
            title="Reflection: is the label right?",
            rows=(
                measured.model_copy(update={"metrics": {**measured.metrics, **said}}),
                never,
            ),
            conventions={
                **conventions,
                "fixed, broken": "share of the wrong made right, of the right made wrong",
                "first opinion": "first verdicts of all windows, joined as the last ones are",
                "net_points": "items gained less items lost, of 100 items",
            },
            gaps=unknown,
            notes=unanswered_note(answers),
        )
    ]
    timed = [one for one in both if true_events(one)]
    if timed:
        overlap = reflection_scores(
            [answer_iou(one, "initial") for one in timed],
            [answer_iou(one, "final") for one in timed],
            right_at=IOU_RIGHT,
            draws=draws,
            seed=seed,
        )
        rows: tuple[Row, ...] = overlap.rows("agent")
        tables.append(
            Table(
                title=f"Reflection: is the segment right (IoU >= {IOU_RIGHT})?",
                rows=rows,
                conventions={**conventions, "normals": "skipped", "mean_score": "mIoU"},
            )
        )
    return tuple(tables)


def _rightness(answer: Answer, when: When) -> float:
    return float(answer.is_right(when))
