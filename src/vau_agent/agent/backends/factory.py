"""From a policy string to the backend that runs it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from vau_agent.agent.backends.base import Backend, BackendContext
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.catalogue import best_policy, load_catalogue
from vau_agent.errors import SettingsError

AUTO: Final = "auto"
"""The best policy that is here: a promoted one of the catalogue, or `rules`."""
Opener = Callable[[str, BackendContext], Backend]
"""Opens what follows the colon of a policy string."""


def open_backend(policy: str, context: BackendContext | None = None) -> Backend:
    """Open the backend that a policy string names, e.g. `rules` or `openai:MODEL@URL`.

    Raises:
        SettingsError: No backend has that name, or it cannot be opened with what follows the colon.
        MissingDependencyError: Its extra is not installed.
    """
    name, _, model = policy.partition(":")
    opener = BACKENDS.get(name)
    if opener is None:
        raise SettingsError(f"unknown policy {policy!r}; choose one of {', '.join(POLICY_FORMS)}")
    return opener(model, context or BackendContext())


def _auto(model: str, context: BackendContext) -> Backend:
    if model:
        raise SettingsError(f"policy {AUTO!r} takes nothing after a colon, got {model!r}")
    return open_backend(best_policy(load_catalogue().values(), context.models), context)


def _rules(model: str, context: BackendContext) -> Backend:
    if model:
        raise SettingsError(f"policy 'rules' takes nothing after a colon, got {model!r}")
    return RulesBackend()


def _scripted(model: str, context: BackendContext) -> Backend:
    if not model:
        raise SettingsError("policy 'scripted' needs a file: scripted:FILE")
    return ScriptedBackend.from_file(Path(model))


def _transformers(model: str, context: BackendContext) -> Backend:
    from vau_agent.agent.backends.transformers.opening import open_transformers

    return open_transformers(model, context)


def _nano(model: str, context: BackendContext) -> Backend:
    from vau_agent.agent.backends.transformers.opening import open_transformers

    if model:
        raise SettingsError(
            f"policy 'nano' takes nothing after a colon, got {model!r}; "
            f"another model is transformers:{model}"
        )
    return open_transformers("nano", context, policy="nano")


def _vllm(model: str, context: BackendContext) -> Backend:
    from vau_agent.agent.backends.vllm import open_vllm

    return open_vllm(model, context)


def _openai(model: str, context: BackendContext) -> Backend:
    from vau_agent.agent.backends.openai.backend import OpenAIBackend

    return OpenAIBackend.open(model, context)


BACKENDS: Final[Mapping[str, Opener]] = {
    AUTO: _auto,
    "rules": _rules,
    "nano": _nano,
    "openai": _openai,
    "scripted": _scripted,
    "transformers": _transformers,
    "vllm": _vllm,
}
POLICY_FORMS: Final = (
    "rules",
    "nano",
    "openai:MODEL@URL",
    "transformers:MODEL",
    "vllm:MODEL",
    "scripted:FILE",
    AUTO,
)
