"""From a policy string to the backend that runs it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from vau_agent.agent.backends.base import Backend
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.errors import SettingsError


def open_backend(policy: str) -> Backend:
    """Open the backend that a policy string names, e.g. `rules` or `scripted:FILE`.

    Raises:
        SettingsError: No backend has that name, or it cannot be opened with what follows the colon.
    """
    name, _, model = policy.partition(":")
    loader = BACKENDS.get(name)
    if loader is None:
        raise SettingsError(f"unknown policy {policy!r}; choose one of {', '.join(POLICY_FORMS)}")
    return loader(model)


def _rules(model: str) -> Backend:
    if model:
        raise SettingsError(f"policy 'rules' takes nothing after a colon, got {model!r}")
    return RulesBackend()


def _scripted(model: str) -> Backend:
    if not model:
        raise SettingsError("policy 'scripted' needs a file: scripted:FILE")
    return ScriptedBackend.from_file(Path(model))


BACKENDS: Final[Mapping[str, Callable[[str], Backend]]] = {"rules": _rules, "scripted": _scripted}
POLICY_FORMS: Final = ("rules", "scripted:FILE")
