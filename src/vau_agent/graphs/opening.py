"""Opening what a run works with, from its settings."""

from dataclasses import replace

from vau_agent.agent.backends.base import Backend, BackendContext
from vau_agent.agent.backends.factory import open_backend
from vau_agent.memory.blobs import BlobStore
from vau_agent.settings import Settings


def open_policy(settings: Settings, blobs: BlobStore | None = None) -> Backend:
    """Open the policy of the settings; only one that is to look at pictures needs `blobs`."""
    context = BackendContext(
        endpoint=settings.endpoint,
        local=settings.local,
        engine=settings.engine,
        models=settings.models,
        offline=settings.offline,
    )
    if blobs is not None:
        context = replace(context, pictures=lambda frame: blobs.get(frame.sha256))
    return open_backend(settings.policy, context)


def chosen_embedder(settings: Settings) -> tuple[str, str | None]:
    """Give the embedder that the settings come to on this machine, and its digest."""
    return "off", None
