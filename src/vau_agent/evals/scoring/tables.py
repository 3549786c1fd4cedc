"""From records to tables: everything that is scored of a run, blind rows beside."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from vau_agent.errors import MetricError
from vau_agent.evals.blind.rows import MANY, category_rows, detection_rows, question_rows
from vau_agent.evals.metrics.calibration import calibration_scores
from vau_agent.evals.metrics.cost import cost_scores
from vau_agent.evals.metrics.labels import (
    binary_scores,
    choice_accuracy,
    class_accuracy,
    macro_f1,
)
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset, Gap, Question
from vau_agent.evals.scoring.answers import ROWS, Answer, align
from vau_agent.evals.scoring.categories import plain_category
from vau_agent.evals.scoring.frames import frame_table
from vau_agent.evals.scoring.reflection import reflection_tables
from vau_agent.evals.scoring.risk import risk_table
from vau_agent.evals.scoring.segments import localisation_table
from vau_agent.evals.scoring.texts import consistency_table, text_table
from vau_agent.evals.tables import Estimate, Row, Table

Subject = Literal["frames", "categories"]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What every table is made of."""

    answers: tuple[Answer, ...]
    conventions: dict[str, str]
    draws: int
    seed: int


def score_records(
    dataset: Dataset,
    records: Sequence[Record],
    *,
    draws: int = 1000,
    seed: int = 0,
    leave_out: Collection[Subject] = (),
) -> tuple[Table, ...]:
    """Score what a run left: detection first, then whatever the truth and the records allow.

    Args:
        dataset: The samples; those whose video is missing (a gap says so) are left out.
        records: At most one of each sample.
        draws: Of every bootstrap.
        seed: Of every bootstrap.
        leave_out: What the caller scores by itself, or knows nothing of.

    Raises:
        MetricError: No sample is left.
    """
    answers, gaps = align(dataset, records)
    if not answers:
        raise MetricError(f"no sample of {dataset.benchmark} is left to score; see the gaps")
    conventions = {"benchmark": dataset.benchmark, "annotation": dataset.annotation}
    scored = Scored(answers=answers, conventions=conventions, draws=draws, seed=seed)
    made = (
        _detection(scored, gaps),
        None
        if "frames" in leave_out
        else frame_table(answers, conventions, draws=draws, seed=seed),
        localisation_table(answers, conventions, draws=draws, seed=seed),
        None if "categories" in leave_out else _categories(scored),
        risk_table(answers, conventions, draws=draws, seed=seed),
        _questions(scored),
        consistency_table(answers, conventions),
        text_table(answers, conventions),
        *reflection_tables(answers, conventions, draws=draws, seed=seed),
        _calibration(scored),
        _cost(scored),
    )
    return _named_once([table for table in made if table is not None])


def _named_once(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Name each gap in the first table that has it, and count it in the others."""
    named: set[tuple[str, str]] = set()
    kept = []
    for table in tables:
        gaps = tuple(gap for gap in table.gaps if (gap.id, gap.kind) not in named)
        again = len(table.gaps) - len(gaps)
        notes = (f"{again} gaps named above are left out here too",) if again else ()
        kept.append(table.model_copy(update={"gaps": gaps, "notes": (*table.notes, *notes)}))
        named |= {(gap.id, gap.kind) for gap in gaps}
    return tuple(kept)


def _detection(scored: Scored, gaps: Sequence[Gap]) -> Table:
    truth = [answer.sample.truth.anomalous for answer in scored.answers]

    rows = []
    for name, when in ROWS:
        opinions = [answer.opinion(when) for answer in scored.answers]
        open_ = sum(one is not None and one.label == "inconclusive" for one in opinions)
        said = [answer.said(when) for answer in scored.answers]
        figures = binary_scores(truth, said, draws=scored.draws, seed=scored.seed)
        figures["inconclusive"] = Estimate(value=open_, n=len(truth))
        figures["unanswered"] = Estimate(value=opinions.count(None), n=len(truth))
        del figures["unparsed"]  # the two just named, together
        rows.append(Row(name=name, metrics=figures))
    samples = [answer.sample for answer in scored.answers]
    for blind in detection_rows(samples, draws=scored.draws, seed=scored.seed):
        shared = {name: one for name, one in blind.metrics.items() if name in rows[0].metrics}
        if shared:
            rows.append(blind.model_copy(update={"metrics": shared}))
    return Table(
        title="Detection: is something anomalous in this video?",
        rows=tuple(rows),
        conventions={
            **scored.conventions,
            "inconclusive": "counted as wrong, and by itself",
            "unanswered": "failed or missing answers, counted as wrong",
            "missing videos": "left out, and named as gaps",
        },
        gaps=tuple(gaps),
    )


def _categories(scored: Scored) -> Table | None:
    known = [one for one in scored.answers if one.sample.truth.category is not None]
    if not known:
        return None
    truth = [plain_category(str(one.sample.truth.category)) for one in known]
    rows = []
    for name, when in ROWS:
        said = [one.category(when) for one in known]
        rows.append(Row(name=name, metrics=_class_figures(truth, said, scored)))
    samples = [one.sample for one in known]
    rows += category_rows(samples, draws=min(scored.draws, MANY), seed=scored.seed)
    return Table(
        title="Category of anomalous videos",
        rows=tuple(rows),
        conventions={
            **scored.conventions,
            "names": "compared in one spelling (evals/scoring/categories.py)",
            "wrong": "normal and inconclusive answers too",
        },
    )


def _class_figures(
    truth: Sequence[str], said: Sequence[str | None], scored: Scored
) -> dict[str, Estimate]:
    return {
        "category_accuracy": class_accuracy(truth, said),
        "category_macro_f1": macro_f1(truth, said, draws=min(scored.draws, MANY), seed=scored.seed),
        "classes": Estimate(value=len(set(truth)), n=len(truth)),
    }


def _questions(scored: Scored) -> Table | None:
    asked = [
        (one.sample.question, one.choice)
        for one in scored.answers
        if one.sample.question is not None
    ]
    shown = [(question, choice) for question, choice in asked if choice is not None]
    if not shown:
        return None
    questions = [question for question, _ in asked]
    silent = sum(choice is None for _, choice in asked)
    rows = [
        Row(name=name, metrics=_choice_figures(questions, chosen, silent))
        for name, chosen in (
            ("agent", [choice.final if choice else None for _, choice in asked]),
            (
                "agent, before claims are checked",
                [choice.initial if choice else None for _, choice in asked],
            ),
        )
    ]
    first = choice_accuracy(
        [question for question, _ in shown], [choice.order[0] for _, choice in shown]
    )
    rows.append(Row(name="always A, as shown", kind="blind", metrics={"choice_accuracy": first}))
    rows += question_rows([one.sample for one in scored.answers], seed=scored.seed)
    return Table(
        title="Questions with options",
        rows=tuple(rows),
        conventions={
            **scored.conventions,
            "options": "shown in an order drawn for each sample",
            "answer": "a letter or the words of one option; anything else is wrong",
            "unanswered": "failed or missing answers, counted as wrong",
            "always A, as shown": "over the questions that were shown",
            "claims": "what cites no frame is struck out of the agent's answer",
        },
    )


def _choice_figures(
    questions: Sequence[Question], chosen: Sequence[int | None], silent: int
) -> dict[str, Estimate]:
    return {
        "choice_accuracy": choice_accuracy(questions, chosen),
        "unreadable": Estimate(value=chosen.count(None) - silent, n=len(chosen)),
        "unanswered": Estimate(value=silent, n=len(chosen)),
    }


def _calibration(scored: Scored) -> Table | None:
    rows = []
    for name, when in ROWS:
        stated = [
            (opinion.confidence, one.sample.truth.anomalous)
            for one in scored.answers
            if (opinion := one.opinion(when)) is not None and opinion.confidence is not None
        ]
        if stated:
            figures = calibration_scores(
                [confidence for confidence, _ in stated],
                [truth for _, truth in stated],
                draws=scored.draws,
                seed=scored.seed,
            )
            rows.append(Row(name=name, metrics=figures))
    if not rows:
        return None
    return Table(
        title="Confidence that the video is anomalous",
        rows=tuple(rows),
        conventions={
            **scored.conventions,
            "confidence": "of a normal verdict, 1 less what it states; verdicts that state none, "
            "inconclusive ones among them, take no part",
        },
    )


def _cost(scored: Scored) -> Table | None:
    runs: dict[str, Record] = {}
    for one in scored.answers:
        if one.record is not None:
            runs.setdefault(one.record.run_id or one.sample.id, one.record)
    if not runs:
        return None
    figures = cost_scores(tuple(runs.values()), draws=scored.draws, seed=scored.seed)
    return Table(
        title="Cost",
        rows=(Row(name="agent", metrics=figures),),
        conventions={**scored.conventions, "samples of one video": "counted once"},
    )
