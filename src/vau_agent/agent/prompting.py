"""Prompts are files: loaded by name, filled in completely or not at all."""

import hashlib
from importlib import resources
from string import Template
from typing import Final, Literal, get_args

from vau_agent.agent.profile import PromptStyle
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
PROMPT_STYLES: Final[tuple[PromptStyle, ...]] = get_args(PromptStyle)
_PACKAGES: Final[dict[PromptStyle, str]] = {
    "full": "vau_agent.agent.prompts",
    "compact": "vau_agent.agent.prompts.compact",
}


class Prompt(Value):
    """One prompt file."""

    name: str
    text: str
    """As in the file; `$name` stands where a value goes."""
    digest: str
    """Of the text: a trace says with which wording a policy was asked."""

    @property
    def wanted(self) -> frozenset[str]:
        """Names of the values that it takes."""
        return frozenset(Template(self.text).get_identifiers())

    def render(self, **values: str) -> str:
        """Fill in every value.

        Raises:
            ValueError: A value is missing or unknown.
        """
        wanted = self.wanted
        if wanted != values.keys():
            missing = ", ".join(sorted(wanted - values.keys())) or "none"
            unknown = ", ".join(sorted(values.keys() - wanted)) or "none"
            raise ValueError(f"prompt {self.name!r}: missing {missing}; unknown {unknown}")
        return Template(self.text).substitute(values).strip()


def load_prompt(name: PromptName, style: PromptStyle = "full") -> Prompt:
    """Read one prompt of the policy, in the wording that its model knows."""
    return read_prompt(_PACKAGES[style], name)


def read_prompt(package: str, name: str) -> Prompt:
    """Read the prompt file `name`.md that lies in `package`."""
    file = resources.files(package).joinpath(f"{name}.md")
    text = file.read_text(encoding="utf-8")
    return Prompt(name=name, text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def prompt_digests() -> dict[str, str]:
    """Give the digest of every prompt, by name; of other wordings than the full one by `style/`."""
    return {
        name if style == "full" else f"{style}/{name}": load_prompt(name, style).digest
        for style in PROMPT_STYLES
        for name in PROMPT_NAMES
    }
