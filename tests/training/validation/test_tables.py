"""Tables of several levels: side by side first, then each with everything that was asked."""

from tests.training.validation.doubles import sample
from vau_agent.evals.report.markdown import render_markdown
from vau_agent.evals.samples import Dataset
from vau_agent.evals.tables import Table
from vau_agent.training.validation.answering import Words
from vau_agent.training.validation.methods import Claim, Method
from vau_agent.training.validation.tables import Examined, examination_tables

SAMPLES = tuple(
    sample(f"v{number}", "fall" if number % 2 else None, *(((0, 8),) if number % 2 else ()))
    for number in range(10)
)
RIGHT = {
    one.id: Claim(anomalous=one.truth.anomalous, category=one.truth.category or "normal", iou=0.8)
    for one in SAMPLES
}
NORMAL = {one.id: Claim(anomalous=False, category="normal", iou=0.0) for one in SAMPLES}


def examined(name: str, said: dict[str, Claim]) -> Examined:
    first = Method(name="nano, never revising", claims=NORMAL)
    return Examined(
        name=name,
        dataset=Dataset(benchmark="made", annotation="made", samples=SAMPLES),
        kinds={one.id: "collapse" if one.truth.anomalous else "walk" for one in SAMPLES},
        methods=(
            Method(name="always normal", kind="blind", claims=NORMAL),
            first,
            Method(name="nano", claims=said),
        ),
        first=first,
        beside=("always normal", "nano, never revising"),
        words={
            one.id: Words(
                sample_id=one.id,
                stages=(),
                texts=(),
                readable=True,
                accept=0.2 if one.truth.anomalous else 0.9,
                accept_unmeasured=0.5,
            )
            for one in SAMPLES
        },
    )


def tables() -> dict[str, Table]:
    made = examination_tables([examined("L1", RIGHT), examined("L2", NORMAL)], draws=20, seed=0)
    return {table.title: table for table in made}


def figure(title: str, row: str, metric: str) -> float | None:
    found = next(one for one in tables()[title].rows if one.name == row)
    return found.metrics[metric].value


def test_levels_stand_side_by_side_with_what_is_lost() -> None:
    title = "Levels side by side: nano"

    assert next(iter(tables())) == title
    assert figure(title, "L1", "accuracy") == 1.0
    assert figure(title, "L2", "accuracy") == 0.5
    assert figure(title, "L1 - L2", "accuracy") == 0.5
    assert figure(title, "L1 - L2", "miou") == 0.8


def test_blind_rows_and_differences_stand_beside() -> None:
    assert figure("L1: what is said", "always normal", "accuracy") == 0.5
    assert figure("L1: differences, pair by pair", "nano - always normal", "accuracy") == 0.5


def test_revising_and_accepting_are_told_of_each_level() -> None:
    assert figure("L1: first answer and last", "whole answer: revise", "fixed") == 1.0
    title = "L1: does the reflection know a wrong first answer?"
    assert figure(title, "nano", "verdict_auroc") == 1.0
    assert figure(title, "nano, nothing measured is shown", "verdict_auroc") == 0.5


def test_figures_are_broken_down_by_class_and_kind() -> None:
    assert figure("L1: by class", "fall", "miou") == 0.8
    assert figure("L2: by kind", "normal: walk", "accuracy") == 1.0
    assert figure("L2: by kind", "anomalous: collapse", "accuracy") == 0.0
    assert figure("L1: what is taken for what", "fall", "n_fall") == 5


def test_all_of_it_can_be_printed() -> None:
    text = render_markdown(list(tables().values()))

    assert "### L1: what is said" in text
    assert "| nano | measured | " in text
