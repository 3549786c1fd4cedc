from pathlib import Path

import pytest

from vau_agent.errors import SettingsError
from vau_agent.schemas import Verdict
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import ClipRange, LanguageConfig
from vau_agent.training.own_answers import AnswersHeader, OwnAnswer, load_answers, save_answers
from vau_agent.training.sampling import sample_answers

CONFIG = LanguageConfig(clips=ClipRange(count=3), seed=4)
FALL = "<think>A person falls [f3].</think><answer>fall</answer><glue>[1.0, 2.0]</glue>"


def test_a_model_answers_every_opening_once(base: Path, store: ClipStore, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"

    assert sample_answers(base, out, store, CONFIG) == 3
    header, *lines = out.read_text(encoding="utf-8").splitlines()
    assert AnswersHeader.model_validate_json(header).seed == 4
    answers = [OwnAnswer.model_validate_json(line) for line in lines]
    assert {one.key for one in answers} == {"0.0", "1.0", "2.0"}
    assert all(one.text for one in answers)


def test_only_answers_that_can_be_read_are_learned_from(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    header = AnswersHeader(model="m", seed=4, clips=CONFIG.clips, rows=CONFIG.rows)
    save_answers(path, header, [OwnAnswer(key="0.0", text=FALL), OwnAnswer(key="1.0", text="Hm")])

    answers = load_answers(path, CONFIG)

    assert list(answers) == ["0.0"]
    assert answers["0.0"].verdict == Verdict.model_validate(
        {"label": "anomalous", "category": "fall", "segment": {"start": 1.0, "end": 2.0}}
    )


def test_answers_to_other_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    header = AnswersHeader(model="m", seed=5, clips=CONFIG.clips, rows=CONFIG.rows)
    save_answers(path, header, [])

    with pytest.raises(SettingsError, match="another seed or configuration"):
        load_answers(path, CONFIG)
    with pytest.raises(SettingsError, match="'vau-agent train sample' makes them"):
        load_answers(tmp_path / "none.jsonl", CONFIG)
