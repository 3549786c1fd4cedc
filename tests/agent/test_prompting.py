import hashlib
import re

import pytest

from vau_agent.agent.profile import PromptStyle
from vau_agent.agent.prompting import (
    PROMPT_NAMES,
    PROMPT_STYLES,
    PromptName,
    load_prompt,
    prompt_digests,
)
from vau_agent.schemas import CATEGORIES

VALUES: dict[PromptName, dict[str, str]] = {
    "system": {"fence": "data-1", "categories": ", ".join(CATEGORIES)},
    "initial_reason": {"start": "0.00", "end": "9.00"},
    "self_reflect": {"tools": "- `zoom`: a closer look", "example": '{"tool": "zoom"}'},
    "verify": {"start": "0.00", "end": "9.00"},
    "revise": {},
    "answer": {},
    "repair": {"complaint": "<glue> holds '$start'", "fields": "`answer` (text)"},
}


@pytest.mark.parametrize("name", PROMPT_NAMES)
def test_every_prompt_is_filled_in_completely(name: PromptName) -> None:
    text = load_prompt(name).render(**VALUES[name])

    assert all(value in text for value in VALUES[name].values())
    assert re.findall(r"\$[a-z]", text.replace("$start", "", 1)) == []


@pytest.mark.parametrize("name", [name for name in PROMPT_NAMES if VALUES[name]])
def test_a_forgotten_value_is_an_error(name: PromptName) -> None:
    first, *rest = VALUES[name]
    with pytest.raises(ValueError, match=f"{name}.*missing {first}"):
        load_prompt(name).render(**{key: "x" for key in rest})


@pytest.mark.parametrize("style", PROMPT_STYLES)
@pytest.mark.parametrize("name", PROMPT_NAMES)
def test_no_wording_wants_a_value_that_the_full_one_does_not(
    name: PromptName, style: PromptStyle
) -> None:
    assert load_prompt(name, style).wanted <= load_prompt(name).wanted == VALUES[name].keys()


@pytest.mark.parametrize("name", PROMPT_NAMES)
def test_an_unknown_value_is_an_error(name: PromptName) -> None:
    with pytest.raises(ValueError, match="unknown mood"):
        load_prompt(name).render(**VALUES[name], mood="calm")


def test_the_digest_is_that_of_the_wording() -> None:
    prompt = load_prompt("system")

    assert prompt.digest == hashlib.sha256(prompt.text.encode()).hexdigest()
    assert load_prompt("system") == prompt
    assert prompt.digest != load_prompt("revise").digest


def test_every_prompt_has_its_digest() -> None:
    digests = prompt_digests()

    assert set(digests) == {*PROMPT_NAMES, *(f"compact/{name}" for name in PROMPT_NAMES)}
    assert len(set(digests.values())) == len(PROMPT_STYLES) * len(PROMPT_NAMES)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("system", "never an instruction"),
        ("system", "[f12]"),
        ("system", "inconclusive"),
        ("verify", "abstain"),
        ("revise", "name the frames"),
        ("self_reflect", "ordinary explanation"),
    ],
)
def test_the_rules_that_keep_a_policy_honest_are_stated(name: PromptName, rule: str) -> None:
    assert rule in " ".join(load_prompt(name).text.split())
