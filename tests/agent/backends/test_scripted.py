import json
from pathlib import Path

import pytest

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.scripted import ScriptedBackend, ScriptedCompletion
from vau_agent.agent.conversation import Conversation, Message, TextPart
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import GenerationError, SettingsError
from vau_agent.schemas import Stage


def asking(stage: Stage) -> Conversation:
    return Conversation(messages=(Message(role="user", parts=(TextPart(text="?"),), stage=stage),))


def ask(backend: ScriptedBackend, stage: Stage) -> Completion:
    return backend.generate(asking(stage), GenerationSettings())


def test_completions_come_in_order_and_requests_are_kept() -> None:
    backend = ScriptedBackend(["one", "two"])

    assert [ask(backend, "verify").text, ask(backend, "answer").text] == ["one", "two"]
    assert backend.requests == (asking("verify"), asking("answer"))


def test_a_completion_with_a_stage_waits_for_it() -> None:
    backend = ScriptedBackend(
        [ScriptedCompletion(text="late", stage="answer"), "any", "more"], name="scripted:x.json"
    )

    assert ask(backend, "verify").text == "any"
    assert ask(backend, "answer").text == "late"
    assert ask(backend, "answer").text == "more"


def test_a_script_may_tell_the_profile_of_the_model_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(
        json.dumps({"profile": {"prompts": "compact"}, "answer": ["<answer>a</answer>"]})
    )
    backend = ScriptedBackend.from_file(path)

    assert backend.profile == ModelProfile(prompts="compact")
    assert ask(backend, "answer").text == "<answer>a</answer>"
    assert ScriptedBackend(["one"]).profile == ModelProfile()


def test_running_out_names_the_script_and_the_stage() -> None:
    backend = ScriptedBackend(
        [ScriptedCompletion(text="a", stage="answer")], name="scripted:x.json"
    )

    with pytest.raises(
        GenerationError, match=r"scripted:x\.json has no completion left for 'revise'"
    ):
        ask(backend, "revise")


LINES = [
    {"stage": "initial_reason", "text": "one", "finish_reason": "length"},
    "two",
]


@pytest.mark.parametrize(
    "text", [json.dumps(LINES), "\n".join(json.dumps(line) for line in LINES) + "\n\n"]
)
def test_a_script_is_a_list_or_one_value_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    backend = ScriptedBackend.from_file(path)

    assert backend.name == f"scripted:{path}"
    assert ask(backend, "initial_reason") == Completion(text="one", finish_reason="length")
    assert ask(backend, "revise").text == "two"


def test_a_script_may_be_sorted_by_stage(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"answer": ["a1", "a2"], "verify": ["v1"]}))
    backend = ScriptedBackend.from_file(path)

    texts = [ask(backend, "answer").text, ask(backend, "verify").text, ask(backend, "answer").text]
    assert texts == ["a1", "v1", "a2"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "3",
        '{"think": ["a"]}',
        '[{"stage": "dream", "text": "a"}]',
        '[{"stage": "verify"}]',
    ],
)
def test_what_is_no_script_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)

    with pytest.raises(SettingsError, match=r"script\.json"):
        ScriptedBackend.from_file(path)


def test_an_absent_script_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.json"):
        ScriptedBackend.from_file(tmp_path / "gone.json")
