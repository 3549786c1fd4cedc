"""Opening what a run works with, from its settings. All of it is cheap to open."""

from dataclasses import replace

from vau_agent.agent.backends.base import Backend, BackendContext
from vau_agent.agent.backends.factory import AUTO, open_backend
from vau_agent.agent.catalogue import policy_folder
from vau_agent.agent.profile import ModelProfile
from vau_agent.graphs.planning import IndexPlan, plan_index
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.embedders.base import Embedder
from vau_agent.memory.embedders.factory import open_embedder, resolve_embedder
from vau_agent.memory.home import open_indexes
from vau_agent.memory.index_store import IndexStore
from vau_agent.settings import Settings
from vau_agent.tools.detector import Detector
from vau_agent.tools.index_video import choose_sampling
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.video.base import VideoReader


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


def suit(settings: Settings, backend: Backend) -> Settings:
    """Give the settings as they are for a policy that was opened with them.

    They name the policy that `auto` came to and, wherever nobody chose otherwise, have what its
    model was trained with.
    """
    analysis = settings.analysis
    trained = backend.profile.model_dump(
        include=set(type(analysis).model_fields) - analysis.model_fields_set, exclude_none=True
    )
    return settings.model_copy(
        update={
            "policy": backend.name if settings.policy == AUTO else settings.policy,
            "analysis": analysis.model_copy(update=trained),
        }
    )


def open_detector(settings: Settings, profile: ModelProfile) -> Detector | None:
    """Open the detector that was trained with the policy; `None` for a policy without one.

    Raises:
        ModelError: Its folder holds none.
    """
    folder = policy_folder(settings.policy, settings.models) if profile.detector else None
    return None if folder is None else Detector.open(folder)


def open_retrieval(settings: Settings, store: IndexStore) -> Retrieval | None:
    """Open what makes videos searchable; `None` where that is off, or its parts are not here."""
    embedder = open_chosen_embedder(settings)
    if embedder is None:
        return None
    return Retrieval(
        embedder=embedder, store=store, settings=settings.retrieval, triage=settings.triage
    )


def plan_indexing(settings: Settings, reader: VideoReader) -> IndexPlan | None:
    """Say what making a video searchable would cost; `None` without retrieval."""
    retrieval = open_retrieval(settings, open_indexes(settings.home))
    if retrieval is None:
        return None
    step = choose_sampling(reader, settings.retrieval, settings.triage).step
    known = retrieval.find(reader) is not None
    return plan_index(reader.info.duration_s, step, retrieval.embedder.name, known=known)


def chosen_embedder(settings: Settings) -> tuple[str, str | None]:
    """Give the embedder that the settings come to on this machine, and its digest."""
    embedder = open_chosen_embedder(settings)
    return ("off", None) if embedder is None else (embedder.name, embedder.digest)


def open_chosen_embedder(settings: Settings) -> Embedder | None:
    """Open the embedder of the settings; `None` where it is off, or its parts are not here."""
    chosen = resolve_embedder(settings.retrieval.embedder, settings.models)
    if chosen == "off":
        return None
    return open_embedder(
        chosen,
        models=settings.models,
        precision=settings.retrieval.precision,
        batch=settings.retrieval.batch,
        offline=settings.offline,
    )
