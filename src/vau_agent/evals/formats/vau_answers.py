"""Questions and classes of VAU-Bench, scored by VAU-R1's rules and by mended ones."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.evals.blind.rows import MANY, question_rows
from vau_agent.evals.formats.vau_r1 import (
    answer_of,
    compat_class,
    compat_letter,
    strict_class,
)
from vau_agent.evals.metrics.labels import class_accuracy, macro_f1
from vau_agent.evals.metrics.options import read_choice
from vau_agent.evals.samples import Sample
from vau_agent.evals.significance import wilson
from vau_agent.evals.tables import Estimate, Row, RowKind

NORMAL: Final = "Normal"
MISSING_WRONG: Final = "strict, missing counted wrong"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered about one video, beside its truth."""

    id: str
    text: str | None
    """`None` where nothing was."""
    row: Mapping[str, str]
    """The truth as it is written; column names in lower case."""
    sample: Sample
    """The truth as the benchmark reads it."""


def answered(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return those that were answered."""
    return tuple(answer for answer in answers if answer.text is not None)


def share(right: Sequence[bool], unreadable: str) -> Estimate:
    """Return the share of true values with its interval; without a value where there is none.

    Args:
        right: Of each item.
        unreadable: Why there might be none.
    """
    if not right:
        return Estimate(value=None, n=0, note=unreadable)
    return wilson(sum(right), len(right)).estimate()


def qa_rows(answers: Sequence[Answer], draws: int, seed: int) -> tuple[Row, ...]:
    """Score letters; rows without a key take no part."""
    keyed = [answer for answer in answers if answer.sample.question is not None]
    given = answered(keyed)
    rows = [_qa("compat", given, _compat_choice), _qa("strict", given, _strict_choice)]
    if len(given) < len(keyed):
        rows.append(_qa(MISSING_WRONG, keyed, _strict_choice))
    for row in question_rows([answer.sample for answer in given], seed=seed):
        rows.append(row.model_copy(update={"metrics": _as_accuracy(row.metrics)}))
    return tuple(rows)


def _as_accuracy(metrics: Mapping[str, Estimate]) -> dict[str, Estimate]:
    return {name.replace("choice_accuracy", "accuracy"): one for name, one in metrics.items()}


def _qa(name: str, answers: Sequence[Answer], choose: Callable[[Answer], bool | None]) -> Row:
    outcomes = [choose(answer) for answer in answers]
    right = [outcome is True for outcome in outcomes]
    return Row(name=name, metrics=_counted(right, outcomes, "no answered question has a key"))


def _compat_choice(answer: Answer) -> bool | None:
    letter = None if answer.text is None else compat_letter(answer.text)
    return None if letter is None else letter == compat_letter(answer.row["correct option"])


def _strict_choice(answer: Answer) -> bool | None:
    question = answer.sample.question
    if answer.text is None or question is None:
        return None
    chosen = read_choice(answer.text, question.options)
    return None if chosen is None else chosen == question.answer


def cls_rows(answers: Sequence[Answer], draws: int, seed: int) -> tuple[Row, ...]:
    """Score class names, `Normal` among them."""
    given = answered(answers)
    rows = [
        _cls("compat", "measured", given, [_read(one, compat_class) for one in given], draws, seed),
        _cls("strict", "measured", given, [_read(one, strict_class) for one in given], draws, seed),
    ]
    if len(given) < len(answers):
        said = [_read(one, strict_class) for one in answers]
        rows.append(_cls(MISSING_WRONG, "measured", answers, said, draws, seed))
    always = [NORMAL] * len(given)
    rows.append(_cls("always Normal", "blind", given, always, draws, seed))
    counts = Counter(_class(answer) for answer in given)
    most = min(counts, key=lambda name: (-counts[name], name))
    if most != NORMAL:
        name = f"always {most}, most frequent here (upper bound)"
        rows.append(_cls(name, "oracle", given, [most] * len(given), draws, seed))
    return tuple(rows)


def _cls(
    name: str,
    kind: RowKind,
    answers: Sequence[Answer],
    said: Sequence[str | None],
    draws: int,
    seed: int,
) -> Row:
    truth = [_class(answer) for answer in answers]
    right = [one == other for one, other in zip(truth, said, strict=True)]
    binary = [
        other is not None and (one == NORMAL) == (other == NORMAL)
        for one, other in zip(truth, said, strict=True)
    ]
    return Row(
        name=name,
        kind=kind,
        metrics=_counted(right, said, "nothing was answered")
        | {
            "accuracy": class_accuracy(truth, said),
            "macro_f1": macro_f1(truth, said, draws=min(draws, MANY), seed=seed),
            "binary_accuracy": share(binary, "nothing was answered"),
        },
    )


def _class(answer: Answer) -> str:
    """Return the true class in the spelling of `CLASSES`, where it is one of them."""
    written = answer.row["anomaly class"]
    return strict_class(written) or answer_of(written)


def _read(answer: Answer, read: Callable[[str], str | None]) -> str | None:
    return None if answer.text is None else read(answer.text)


def _counted(
    right: Sequence[bool], outcomes: Sequence[object], nothing: str
) -> dict[str, Estimate]:
    n = len(right)
    return {
        "accuracy": share(right, nothing),
        "right": Estimate(value=sum(right), n=n),
        "unparsed": Estimate(value=sum(outcome is None for outcome in outcomes), n=n),
    }
