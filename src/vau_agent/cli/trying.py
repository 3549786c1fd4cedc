"""Opening the policy that `vau-agent models test` tries, wherever it runs."""

from typing import TYPE_CHECKING

from vau_agent.errors import GenerationError, SettingsError

if TYPE_CHECKING:
    from vau_agent.agent.catalogue import ModelEntry
    from vau_agent.agent.probes import ProbeReport
    from vau_agent.settings import Settings


def try_policy(settings: "Settings", *, endpoint: str | None, model: str | None) -> "ProbeReport":
    """Probe the policy of the settings, by its string or its name, or one that a server offers.

    Raises:
        VauAgentError: It cannot be opened or reached.
    """
    from vau_agent.agent.backends.base import BackendContext, GenerationSettings
    from vau_agent.agent.backends.factory import open_backend
    from vau_agent.agent.catalogue import load_catalogue, model_setting
    from vau_agent.agent.probes import PictureBook, probe_policy

    entry: ModelEntry | None = None
    if endpoint is not None:
        url = endpoint.rstrip("/")
        policy = f"openai:{model or _only_model(settings, url)}@{url}"
    else:
        entry = load_catalogue().get(settings.policy)
        policy = model_setting(entry, settings.models) if entry else settings.policy
    if entry is not None and entry.kind != "policy":
        raise SettingsError(f"{entry.name} is an embedder; 'models test' tries policies")
    book = PictureBook()
    context = BackendContext(
        pictures=book.load,
        endpoint=settings.endpoint,
        local=settings.local,
        engine=settings.engine,
        models=settings.models,
        offline=settings.offline,
    )
    return probe_policy(
        open_backend(policy, context),
        book,
        generation=GenerationSettings(max_new_tokens=settings.analysis.max_new_tokens),
        context_tokens=entry.context_tokens if entry else None,
    )


def _only_model(settings: "Settings", url: str) -> str:
    """Ask a server which model it serves."""
    import openai

    from vau_agent.agent.backends.openai.address import parse_address

    address = parse_address(f"any@{url}")
    if settings.offline and not address.is_loopback:
        raise SettingsError(
            f"offline is set, and {address.place} is not this machine; unset it, or try a local one"
        )
    key = settings.endpoint.api_key
    client = openai.OpenAI(
        base_url=url,
        api_key=key.get_secret_value() if key else "none",
        timeout=settings.endpoint.timeout_seconds,
        max_retries=0,
    )
    try:
        with client:
            names = [served.id for served in client.models.list()]
    except openai.OpenAIError as error:
        raise GenerationError(f"{url} does not say which models it serves: {error}") from error
    if len(names) == 1:
        return names[0]
    offered = ", ".join(repr(name) for name in names) or "none"
    raise SettingsError(f"{url} serves {offered}; choose one with --model")
