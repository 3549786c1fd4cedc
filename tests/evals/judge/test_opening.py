import json
from pathlib import Path

import pytest

from vau_agent.errors import SettingsError
from vau_agent.evals.judge.base import JudgeCase
from vau_agent.evals.judge.opening import open_judge, open_pair_judge
from vau_agent.settings import Settings

REPLY = (
    '{"classification": 1, "key_matching": 1, "fluency": 1, "informativeness": 1, '
    '"factual_consistency": 1}'
)


def test_rules_open_by_name_and_need_no_cache(tmp_path: Path) -> None:
    settings, cache = Settings(home=tmp_path), tmp_path / "cache.sqlite"

    assert open_judge("phrases", settings=settings, cache=cache).name == "phrases"
    assert open_pair_judge("phrases", settings=settings, cache=cache).name == "phrases"
    assert not cache.exists()


def test_a_policy_judges_through_its_cache(tmp_path: Path, robbery_case: JudgeCase) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([REPLY]), encoding="utf-8")
    settings, cache = Settings(home=tmp_path), tmp_path / "cache.sqlite"

    first = open_judge(f"scripted:{script}", settings=settings, cache=cache).judge(robbery_case)
    script.write_text(json.dumps(["unreadable", "unreadable"]), encoding="utf-8")
    again = open_judge(f"scripted:{script}", settings=settings, cache=cache).judge(robbery_case)

    assert first.total == again.total == 5


@pytest.mark.parametrize("name", ["rules", "nobody", ""])
def test_what_cannot_judge_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        open_judge(name, settings=Settings(home=tmp_path))
