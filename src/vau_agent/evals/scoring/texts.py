"""What the agent wrote: its words against the annotators', and against its own answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from vau_agent.errors import MissingDependencyError
from vau_agent.evals.metrics.consistency import consistency_rate
from vau_agent.evals.metrics.options import inverse_order
from vau_agent.evals.metrics.text import text_conventions, text_floor, text_scores
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Sample
from vau_agent.evals.scoring.answers import Answer
from vau_agent.evals.tables import Row, Table

Wanted = Callable[[Sample], str | None]
Said = Callable[[Record], str | None]

_KINDS: Final[tuple[tuple[str, Wanted, Said], ...]] = (
    ("description", lambda sample: sample.description, lambda record: record.description),
    ("reasoning", lambda sample: sample.reasoning, lambda record: record.reasoning),
)
_LETTER: Final = re.compile(r"^\W*[A-Z]\b[).:]*\s*")


def text_table(answers: Sequence[Answer], conventions: Mapping[str, str]) -> Table | None:
    """Compare descriptions and reasoning with the annotators', where both were written.

    A failed or silent answer is an empty text and scores 0. Beside each row stands the floor: the
    same texts against the annotation of another sample. `None` when there is nothing to compare.
    """
    notes: tuple[str, ...] = ()
    rows: list[Row] = []
    for name, wanted, said in _KINDS:
        pairs = [
            (said(one.record) or "" if one.record is not None else "", [reference])
            for one in answers
            if (reference := wanted(one.sample))
        ]
        if not any(text for text, _ in pairs):
            continue
        texts, references = [text for text, _ in pairs], [one for _, one in pairs]
        try:
            rows.append(Row(name=f"agent, {name}", metrics=text_scores(texts, references)))
            if len(pairs) > 1:
                floor = text_floor(texts, references)
                rows.append(Row(name=f"{name} of another sample", kind="floor", metrics=floor))
        except MissingDependencyError as error:
            notes = (f"texts are not scored: {error}",)
    if not rows and not notes:
        return None
    return Table(
        title="Texts against the annotators'",
        rows=tuple(rows),
        conventions={**conventions, **text_conventions()},
        notes=notes,
    )


def consistency_table(answers: Sequence[Answer], conventions: Mapping[str, str]) -> Table | None:
    """Tell how often what the agent wrote leads by itself to the option it chose.

    Read are the reasoning and what follows the letter of the answer. `None` when no question was
    answered.
    """
    chains, options, chosen = [], [], []
    for one in answers:
        question, record = one.sample.question, one.record
        if question is None or record is None or record.choice is None:
            continue
        choice = record.choice
        if choice.final is None:
            continue
        chains.append(f"{record.reasoning or ''}\n{_LETTER.sub('', choice.text)}")
        options.append([question.options[place] for place in choice.order])
        chosen.append(inverse_order(choice.order)[choice.final])
    if not chains:
        return None
    return Table(
        title="Does the reasoning lead to the option chosen?",
        rows=(Row(name="agent", metrics=dict(consistency_rate(chains, options, chosen))),),
        conventions={
            **conventions,
            "consistent": "rules find the chosen option, by letter or full text, as the last "
            "conclusion (our reading of GRPO-CARE, which asks a model)",
            "silent": "no option, or several; not consistent",
        },
    )
