import importlib.util
import subprocess
import sys

import pytest

from tests.evals.made import opinion, record, sample
from vau_agent.evals.records import Choice
from vau_agent.evals.samples import Question
from vau_agent.evals.scoring.answers import Answer
from vau_agent.evals.scoring.texts import consistency_table, text_table

needs_extra = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("nltk", "rouge_score", "sacrebleu"))),
    reason="the extra 'evals' is not installed",
)
QUESTION = Question(text="What happens?", options=("a fight", "a fire", "a fall"), answer=1)


def described(name: str, truth: str | None, said: str | None) -> Answer:
    """Make an answer whose sample and record describe the video so."""
    return Answer(
        sample=sample(name, (1, 2)).model_copy(update={"description": truth}),
        record=record(name, opinion((1, 2))).model_copy(update={"description": said}),
    )


def chose(name: str, text: str, final: int | None, reasoning: str | None = None) -> Answer:
    """Make an answer to the question, whose options were shown as 2, 0, 1."""
    choice = Choice(order=(2, 0, 1), final=final, text=text)
    return Answer(
        sample=sample(name, (1, 2), question=QUESTION),
        record=record(name, opinion((1, 2))).model_copy(
            update={"choice": choice, "reasoning": reasoning}
        ),
    )


@needs_extra
def test_texts_are_compared_beside_their_floor() -> None:
    table = text_table(
        [
            described("a", "a man runs down the street", "a man runs down the street"),
            described("b", "smoke", "nothing"),
            described("c", None, "not compared"),
        ],
        {"benchmark": "made"},
    )
    assert table is not None
    agent, floor = table.rows
    assert (agent.name, floor.kind) == ("agent, description", "floor")
    assert agent.metrics["rougeL"].value == pytest.approx(0.5)
    assert agent.metrics["rougeL"].n == 2
    assert floor.metrics["rougeL"].value == 0
    assert "no synonyms" in table.conventions["meteor"]


@needs_extra
def test_a_failed_answer_counts_as_an_empty_text() -> None:
    answers = [described("a", "a man runs", "a man runs")]
    failed = Answer(sample=answers[0].sample, record=record("a", None))
    absent = Answer(sample=answers[0].sample, record=None)
    table = text_table([*answers, failed, absent], {})
    assert table is not None
    assert table.rows[0].metrics["rouge1"].value == pytest.approx(1 / 3)


def test_without_texts_there_is_no_table() -> None:
    assert text_table([described("a", None, "a man"), described("b", "a man", None)], {}) is None
    assert consistency_table([described("a", None, None)], {}) is None


def test_without_the_extra_the_table_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "for name in ('nltk', 'rouge_score', 'sacrebleu'): sys.modules[name] = None\n"
        "from tests.evals.scoring.test_texts import described\n"
        "from vau_agent.evals.scoring.texts import text_table\n"
        "table = text_table([described('a', 'a man', 'a man')], {})\n"
        "print(table.rows, table.notes)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("() ")
    assert "pip install 'vau-agent[evals]'" in done.stdout


def test_chains_are_read_with_the_options_as_they_were_shown() -> None:
    table = consistency_table(
        [
            chose("a", "C) Smoke rises, so it is a fire.", 1),
            chose("b", "C)", 1, "Smoke rises. Therefore C."),
            chose("c", "A) Somebody lies there. Thus it is a fight.", 2),
            chose("d", "B", 0),
            chose("e", "perhaps", None),
        ],
        {},
    )
    assert table is not None
    figures = {name: one.value for name, one in table.rows[0].metrics.items()}
    assert figures == {"consistent": 0.5, "contradictory": 0.25, "silent": 0.25}
    assert table.rows[0].metrics["silent"].n == 4
