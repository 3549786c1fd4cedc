"""First answers that a policy wrote itself, for reflection to learn from its real mistakes."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from vau_agent.agent.parsing import parse_reasoning
from vau_agent.errors import ParseError, SettingsError
from vau_agent.schemas import Reasoning, Value
from vau_agent.training.config import ClipRange, LanguageConfig, RowsConfig


class AnswersHeader(Value):
    """First line of a file of answers: which rows they answer."""

    model: str
    seed: int
    clips: ClipRange
    rows: RowsConfig


class OwnAnswer(Value):
    """Every other line: one completion, by its opening."""

    key: str
    text: str


def save_answers(path: Path, header: AnswersHeader, answers: Iterable[OwnAnswer]) -> None:
    """Write a file of answers; it appears whole."""
    lines = [header.model_dump_json(), *(one.model_dump_json() for one in answers)]
    pending = path.with_name(f"{path.name}.part")
    pending.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pending.replace(path)


def load_answers(path: Path, config: LanguageConfig) -> Mapping[str, Reasoning]:
    """Read a file of answers; those that cannot be parsed are left out.

    Raises:
        SettingsError: The file is absent or damaged, or answers rows of another configuration.
    """
    try:
        first, *others = path.read_text(encoding="utf-8").splitlines()
        header = AnswersHeader.model_validate_json(first)
        answers = [OwnAnswer.model_validate(json.loads(line)) for line in others]
    except (OSError, ValueError, ValidationError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingsError(
            f"{str(path)!r} holds no answers ({line}); 'vau-agent train sample' makes them"
        ) from error
    asked = (config.seed, config.clips, config.rows)
    if (header.seed, header.clips, header.rows) != asked:
        raise SettingsError(
            f"{str(path)!r} answers rows of another seed or configuration; give 'train sft' the "
            "same --config and --seed as 'train sample'"
        )
    return {one.key: found for one in answers if (found := _read(one.text)) is not None}


def _read(text: str) -> Reasoning | None:
    try:
        return parse_reasoning(text)
    except ParseError:
        return None
