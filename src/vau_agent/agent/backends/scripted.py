"""Replays given completions and records what was asked: tests, examples, recorded runs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from vau_agent.agent.backends.base import Completion, FinishReason, GenerationSettings
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import DEFAULT_PROFILE, ModelProfile
from vau_agent.errors import GenerationError, SettingsError
from vau_agent.results import ModelCard
from vau_agent.schemas import Stage, Value


class ScriptedCompletion(Value):
    """One line of a script."""

    text: str
    stage: Stage | None = None
    """The stage it answers; `None` answers whichever comes next."""
    finish_reason: FinishReason = "stop"


_Line = str | ScriptedCompletion
_SCRIPT = TypeAdapter[list[_Line] | dict[Stage, list[str]]](list[_Line] | dict[Stage, list[str]])


class ScriptedBackend:
    """Gives each request the first unused completion that fits its stage.

    The place in the script is kept here, not in the conversation: one instance serves one run.
    """

    def __init__(
        self,
        script: Iterable[str | ScriptedCompletion],
        *,
        name: str = "scripted",
        profile: ModelProfile = DEFAULT_PROFILE,
    ) -> None:
        self._name = name
        self._profile = profile
        self._left = [
            ScriptedCompletion(text=line) if isinstance(line, str) else line for line in script
        ]
        self._requests: list[Conversation] = []

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a script: a JSON list, a JSON object of lists by stage, or one JSON value a line.

        An object may also hold the `profile` of the model that it stands for.

        Raises:
            SettingsError: The file is absent or is no script.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"script {str(path)!r} cannot be read: {error}") from error
        try:
            loaded = _load(text)
            told = loaded.pop("profile", None) if isinstance(loaded, dict) else None
            profile = DEFAULT_PROFILE if told is None else ModelProfile.model_validate(told)
            script = _SCRIPT.validate_python(loaded)
        except (ValueError, ValidationError) as error:
            raise SettingsError(
                f"script {str(path)!r} is neither a JSON list of completions, an object of lists "
                f"by stage, nor one JSON value a line: {str(error).splitlines()[0]}"
            ) from error
        if not script:
            raise SettingsError(f"script {str(path)!r} holds no completion")
        return cls(_lines(script), name=f"scripted:{path}", profile=profile)

    @property
    def name(self) -> str:
        """The policy string it was opened with."""
        return self._name

    @property
    def card(self) -> ModelCard:
        """No model, in this process."""
        return ModelCard(id=self.name)

    @property
    def profile(self) -> ModelProfile:
        """The one it was given."""
        return self._profile

    @property
    def requests(self) -> tuple[Conversation, ...]:
        """Every conversation it was asked to complete, oldest first."""
        return tuple(self._requests)

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Give the next completion for the stage.

        Raises:
            GenerationError: None is left.
        """
        self._requests.append(conversation)
        stage = conversation.stage
        for place, line in enumerate(self._left):
            if line.stage in (None, stage):
                del self._left[place]
                return Completion(text=line.text, finish_reason=line.finish_reason)
        raise GenerationError(
            f"{self._name} has no completion left for {stage!r} (request {len(self._requests)}); "
            "add one to the script"
        )


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _lines(script: Sequence[_Line] | Mapping[Stage, list[str]]) -> list[_Line]:
    if isinstance(script, Mapping):
        return [
            ScriptedCompletion(text=text, stage=stage)
            for stage, texts in script.items()
            for text in texts
        ]
    return list(script)
