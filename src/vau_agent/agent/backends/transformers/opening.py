"""Opening the backend: cheap, and a missing package or folder is told at once."""

from importlib.util import find_spec
from typing import Final

from vau_agent.agent.backends.base import BackendContext
from vau_agent.agent.backends.transformers.backend import TransformersBackend
from vau_agent.agent.catalogue import resolve_model
from vau_agent.errors import MissingDependencyError, SettingsError

PACKAGES: Final = ("torch", "transformers", "safetensors")


def open_transformers(
    model: str, context: BackendContext, *, policy: str | None = None
) -> TransformersBackend:
    """Open a model of the catalogue, a folder, or a repository in the hub's cache here.

    Args:
        model: Its name, folder or repository.
        context: What a backend is opened with.
        policy: The policy string that it goes by, where that is not `transformers:MODEL`.

    Raises:
        SettingsError: No model is named.
        MissingDependencyError: The extra `local` is not installed.
        ModelError: The model is not on this machine.
    """
    if not model:
        raise SettingsError(
            "policy 'transformers' needs a model: transformers:NAME, transformers:FOLDER or "
            "transformers:ORG/NAME"
        )
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"policy {policy or 'transformers'!r} needs {missing[0]!r}; "
            "pip install 'vau-agent[local]'"
        )
    folder = resolve_model(model, context.models)
    return TransformersBackend(model, folder, context, policy=policy or f"transformers:{model}")
