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
    from vau_agent.graphs.opening import suit

    entry: ModelEntry | None = None
    context_tokens: int | None = None
    if endpoint is not None:
        url = endpoint.rstrip("/")
        served, context_tokens = _served_model(settings, url, model)
        policy = f"openai:{served}@{url}"
    else:
        entry = load_catalogue().get(settings.policy)
        policy = model_setting(entry, settings.models) if entry else settings.policy
    if entry is not None and entry.kind != "policy":
        raise SettingsError(f"{entry.name} is of kind {entry.kind!r}; 'models test' tries policies")
    book = PictureBook()
    context = BackendContext(
        pictures=book.load,
        endpoint=settings.endpoint,
        local=settings.local,
        engine=settings.engine,
        models=settings.models,
        offline=settings.offline,
    )
    backend = open_backend(policy, context)
    analysis = suit(settings, backend).analysis
    return probe_policy(
        backend,
        book,
        generation=GenerationSettings(max_new_tokens=analysis.max_new_tokens),
        context_tokens=entry.context_tokens if entry else context_tokens,
    )


def _served_model(settings: "Settings", url: str, model: str | None) -> tuple[str, int | None]:
    """Ask a server for its models; give the wanted one, or the only one, and its context."""
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
            served = {one.id: one for one in client.models.list()}
    except openai.OpenAIError as error:
        raise GenerationError(f"{url} does not say which models it serves: {error}") from error
    name = model or (next(iter(served)) if len(served) == 1 else None)
    if name is None or name not in served:
        offered = ", ".join(repr(one) for one in served) or "none"
        asked = f"not {model!r}" if model else "so choose one with --model"
        raise SettingsError(f"{url} serves {offered}, {asked}")
    context = getattr(served[name], "max_model_len", None)  # told by vLLM
    return name, context if isinstance(context, int) else None
