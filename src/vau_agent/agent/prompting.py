"""Prompts are files: loaded by name, filled in completely or not at all."""

import hashlib
from importlib import resources
from string import Template
from typing import Final, Literal

from vau_agent.schemas import Stage, Value

PromptName = Literal["system", "repair"] | Stage

PROMPT_NAMES: Final[tuple[PromptName, ...]] = (
    "system",
    "initial_reason",
    "self_reflect",
    "verify",
    "revise",
    "answer",
    "repair",
)


class Prompt(Value):
    """One prompt file."""

    name: str
    text: str
    """As in the file; `$name` stands where a value goes."""
    digest: str
    """Of the text: a trace says with which wording a policy was asked."""

    def render(self, **values: str) -> str:
        """Fill in every value.

        Raises:
            ValueError: A value is missing or unknown.
        """
        template = Template(self.text)
        wanted = set(template.get_identifiers())
        if wanted != values.keys():
            missing = ", ".join(sorted(wanted - values.keys())) or "none"
            unknown = ", ".join(sorted(values.keys() - wanted)) or "none"
            raise ValueError(f"prompt {self.name!r}: missing {missing}; unknown {unknown}")
        return template.substitute(values).strip()


def load_prompt(name: PromptName) -> Prompt:
    """Read one prompt of the policy."""
    return read_prompt("vau_agent.agent.prompts", name)


def read_prompt(package: str, name: str) -> Prompt:
    """Read the prompt file `name`.md that lies in `package`."""
    file = resources.files(package).joinpath(f"{name}.md")
    text = file.read_text(encoding="utf-8")
    return Prompt(name=name, text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def prompt_digests() -> dict[str, str]:
    """Give the digest of every prompt, by name."""
    return {name: load_prompt(name).digest for name in PROMPT_NAMES}
