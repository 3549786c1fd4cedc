"""What every backend promises, checked on each of them in the same words."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.agent.backends import conforming
from tests.agent.backends.chat_server import ChatServer, answer
from tests.agent.backends.conforming import FIRST, Subject, look, window
from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.conversation import Conversation, Message, TextPart
from vau_agent.agent.objects import response_schema
from vau_agent.agent.policy import Policy, Turn
from vau_agent.agent.profile import DEFAULT_PROFILE
from vau_agent.errors import ContextOverflowError, GenerationError, ParseError
from vau_agent.schemas import (
    Claim,
    Reasoning,
    Reflection,
    Stage,
    ToolCall,
    ToolResult,
    Verification,
)
from vau_agent.testing import scripted_policy

SHORT = GenerationSettings(max_new_tokens=12)
PLENTY = GenerationSettings(max_new_tokens=256)
NEEDS_LOCAL = {"transformers": ("torch", "transformers", "timm"), "vllm": ("vllm",)}
KINDS = [
    "rules",
    "scripted",
    "openai",
    pytest.param("transformers/fastvlm", marks=pytest.mark.slow),
    pytest.param("transformers/qwen2.5-vl", marks=pytest.mark.slow),
    pytest.param("vllm/fastvlm", marks=[pytest.mark.vllm, pytest.mark.slow]),
    pytest.param("vllm/qwen2.5-vl", marks=[pytest.mark.vllm, pytest.mark.slow]),
]
AnyTurn = Turn[Reasoning] | Turn[Reflection] | Turn[Verification] | Turn[tuple[Claim, ...]]
STAGES: tuple[Stage, ...] = ("initial_reason", "self_reflect", "verify", "revise", "answer")


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture(scope="module", params=KINDS)
def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: ChatServer
) -> Subject:
    kind, _, family = request.param.partition("/")
    for module in NEEDS_LOCAL.get(kind, ()):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not in this environment")
    if kind == "openai":
        return conforming.openai(server)
    if kind == "scripted":
        return conforming.scripted(tmp_path_factory.mktemp(kind))
    if not family:
        return conforming.rules()
    built: dict[str, Path] = request.getfixturevalue("tiny_models")
    return conforming.local(kind, built[family])


@pytest.fixture(scope="module")
def judged() -> Conversation:
    """A window that was judged, for stages that go on from there."""
    return scripted_policy(initial=FIRST).initial_reason(window("judged")).conversation


def enough(subject: Subject) -> GenerationSettings:
    """Let those finish who write answers; noise is cut off early."""
    return SHORT if subject.writes_tokens and not subject.tells_verdict else PLENTY


def asked(judged: Conversation, stage: Stage) -> Conversation:
    """Give the conversation that a stage of a real run asks a backend to complete."""
    captured: list[Conversation] = []

    class Capture:
        name = "capture"
        card = conforming.rules().opened().card
        profile = DEFAULT_PROFILE

        def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
            captured.append(conversation)
            raise GenerationError("that is all that was wanted")

    with pytest.raises(GenerationError, match="all that was wanted"):
        run_stage(Policy(backend=Capture(), run_id="r"), judged, stage)
    return captured[0]


def run_stage(policy: Policy, judged: Conversation, stage: Stage) -> AnyTurn:
    """Take one stage of an analysis."""
    brought = look("look")
    result = ToolResult(call=ToolCall(tool="zoom"), evidence=brought)
    match stage:
        case "initial_reason":
            return policy.initial_reason(window("judged"))
        case "self_reflect":
            return policy.self_reflect(judged)
        case "verify":
            return policy.verify([brought])
        case "revise":
            return policy.revise(judged, [result])
        case "answer":
            return policy.answer(judged, "When does it start?")


def test_it_has_the_name_it_was_opened_with_and_a_card(subject: Subject) -> None:
    backend = subject.opened()

    assert backend.name == subject.policy
    assert backend.card.id
    assert backend.card.endpoint
    assert backend.card == backend.card


def test_equal_conversations_give_equal_completions(subject: Subject, judged: Conversation) -> None:
    conversation = asked(judged, "initial_reason")
    again = Conversation.model_validate_json(conversation.model_dump_json())

    one = subject.opened().generate(conversation, SHORT)
    other = subject.opened().generate(again, SHORT)

    assert one.text == other.text
    assert one.finish_reason == other.finish_reason
    assert one.token_ids == other.token_ids


def test_what_was_asked_in_between_changes_nothing(subject: Subject, judged: Conversation) -> None:
    backend = subject.opened()
    conversation = asked(judged, "revise")

    one = backend.generate(conversation, SHORT)
    backend.generate(asked(judged, "verify"), SHORT)
    backend.generate(asked(judged, "self_reflect"), SHORT)

    assert backend.generate(conversation, SHORT).text == one.text


def test_the_conversation_is_left_as_it_was(subject: Subject, judged: Conversation) -> None:
    conversation = asked(judged, "revise")
    before = conversation.digest

    subject.opened().generate(conversation, SHORT)

    assert conversation.digest == before


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_ends_in_a_value_or_our_error(
    subject: Subject, judged: Conversation, stage: Stage
) -> None:
    policy = Policy(backend=subject.opened(), run_id="r", generation=enough(subject))
    if not subject.writes_tokens or subject.tells_verdict:
        assert run_stage(policy, judged, stage).remarks == ()
        return
    try:
        turn = run_stage(policy, judged, stage)
    except ParseError as error:
        assert "\n" not in str(error)
    else:
        assert turn.conversation.messages[-1].role == "assistant"


def test_usage_counts_what_was_written(subject: Subject, judged: Conversation) -> None:
    limit = enough(subject)
    completion = subject.opened().generate(asked(judged, "initial_reason"), limit)

    usage = completion.usage
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens
    assert (usage.prompt_tokens > 0) == subject.writes_tokens
    assert 0 <= usage.completion_tokens <= limit.max_new_tokens
    if completion.token_ids:
        assert len(completion.token_ids) == usage.completion_tokens
    if completion.logprobs:
        assert len(completion.logprobs) == usage.completion_tokens
        assert all(logprob <= 0 for logprob in completion.logprobs)


def test_a_longer_conversation_is_a_longer_prompt(subject: Subject, judged: Conversation) -> None:
    if not subject.writes_tokens:
        pytest.skip("counts no tokens")
    backend = subject.opened()

    short = backend.generate(judged_only(judged), SHORT).usage
    longer = backend.generate(asked(judged, "revise"), SHORT).usage

    assert longer.prompt_tokens > short.prompt_tokens


def judged_only(judged: Conversation) -> Conversation:
    return Conversation(messages=judged.messages[:-1])


def test_it_stops_at_the_tokens_it_may_write(subject: Subject, judged: Conversation) -> None:
    if not subject.writes_tokens:
        pytest.skip("writes no tokens")

    completion = subject.opened().generate(
        asked(judged, "initial_reason"), GenerationSettings(max_new_tokens=3)
    )

    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens == 3


def test_a_conversation_that_does_not_fit_is_refused_and_the_next_is_answered(
    subject: Subject, judged: Conversation
) -> None:
    backend = subject.opened()
    flood = TextPart(text="Two men stand at the door. " * 20_000)
    message = Message(role="user", parts=(flood,), stage="self_reflect")
    oversized = judged.with_message(message)

    if subject.writes_tokens:
        with pytest.raises((ContextOverflowError, GenerationError)) as refused:
            backend.generate(oversized, SHORT)
        assert "\n" not in str(refused.value)
    else:
        assert backend.generate(oversized, SHORT).text

    assert backend.generate(asked(judged, "initial_reason"), SHORT).text


def test_pictures_are_asked_for_by_those_who_look(subject: Subject) -> None:
    shown = window(f"never seen by {subject.policy}")
    conversation = scripted_policy(initial=FIRST).initial_reason(shown).conversation
    subject.album.asked.clear()

    subject.opened().generate(judged_only(conversation), SHORT)

    wanted = [frame.sha256 for frame in conversation.frames] if subject.looks else []
    assert list(dict.fromkeys(subject.album.asked)) == wanted


@pytest.mark.parametrize("broken", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_a_picture_that_is_none_is_our_error_or_the_servers(
    subject: Subject, judged: Conversation, broken: bytes
) -> None:
    if not subject.looks:
        pytest.skip("looks at no pictures")
    shown = window(f"broken {broken!r} for {subject.policy}")
    conversation = scripted_policy(initial=FIRST).initial_reason(shown).conversation
    subject.album.broken = broken
    try:
        if subject.policy.startswith("openai:"):  # bytes are sent as they are
            subject.opened().generate(judged_only(conversation), SHORT)
        else:
            with pytest.raises(GenerationError) as refused:
                subject.opened().generate(judged_only(conversation), SHORT)
            assert "\n" not in str(refused.value)
    finally:
        subject.album.broken = None

    assert subject.opened().generate(asked(judged, "initial_reason"), SHORT).text


def test_other_pictures_are_another_question(subject: Subject) -> None:
    if not subject.looks:
        pytest.skip("looks at no pictures")
    texts = set()
    for seed in ("one", "two", "three"):
        shown = window(f"{seed} of {subject.policy}")
        conversation = scripted_policy(initial=FIRST).initial_reason(shown).conversation
        completion = subject.opened().generate(judged_only(conversation), enough(subject))
        texts.add((completion.text, completion.logprobs))

    assert len(texts) > 1


def test_a_verdict_token_is_well_formed(subject: Subject, judged: Conversation) -> None:
    conversation = asked(judged, "initial_reason")
    told = subject.opened().generate(conversation, enough(subject)).verdict_token

    assert told is not None or not subject.tells_verdict
    if told is not None:
        assert told.logprob <= 0
        assert told.alternatives[told.token] == told.logprob
        assert max(told.alternatives.values()) <= 0


def test_a_schema_is_followed_or_left_alone(subject: Subject, judged: Conversation) -> None:
    schema = response_schema("self_reflect")
    held = enough(subject).model_copy(update={"response_schema": schema})

    completion = subject.opened().generate(asked(judged, "self_reflect"), held)

    if subject.policy.startswith("openai:"):
        assert set(json.loads(completion.text)) == set(schema["required"])
    assert completion.text or subject.writes_tokens


def test_opening_is_cheap(subject: Subject, tmp_path: Path) -> None:
    script = tmp_path / "opening.py"
    script.write_text(
        "import sys\n"
        "from vau_agent.agent.backends.factory import open_backend\n"
        f"backend = open_backend({subject.policy!r})\n"
        "backend.name, backend.card\n"
        "heavy = {'torch', 'torchvision', 'transformers', 'timm', 'vllm', 'openai', 'onnxruntime',"
        " 'faiss', 'sklearn', 'open_clip', 'av', 'cv2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stderr == ""
    assert done.stdout.strip() == "[]"


def test_a_completion_without_tags_is_repaired_by_an_object(server: ChatServer) -> None:
    backend = conforming.openai(server).opened()
    server.next(answer("Two men are fighting, I think."))

    turn = Policy(backend=backend, run_id="r").initial_reason(window("repaired"))

    assert isinstance(turn.value, Reasoning)
    assert "response_format" not in server.requests[-2].body
    schema = server.requests[-1].body["response_format"]["json_schema"]["schema"]
    assert schema == response_schema("initial_reason")
    assert json.loads(turn.completion.text)["answer"] == turn.value.verdict.label == "normal"
