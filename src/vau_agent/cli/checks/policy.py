"""Who would reason, whether it can be reached, and where frames would go."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from vau_agent.cli.checks.finding import Finding
from vau_agent.errors import BackendError, VauAgentError

if TYPE_CHECKING:
    from vau_agent.agent.backends.base import Backend
    from vau_agent.settings import Settings

ASK_SECONDS: Final = 5.0
"""For a model server to say which models it has."""
_FIX: Final = "vau-agent config set policy rules"


def check_policy(settings: "Settings") -> Iterator[Finding]:
    """Open the policy, and ask its server whether it has the model."""
    from vau_agent.graphs.opening import open_detector, open_policy, suit
    from vau_agent.results import IN_PROCESS

    hurried = settings.endpoint.model_copy(update={"timeout_seconds": ASK_SECONDS, "retries": 0})
    try:
        backend = open_policy(settings.model_copy(update={"endpoint": hurried}))
        detector = open_detector(suit(settings, backend), backend.profile)
    except VauAgentError as error:
        yield Finding(check="policy", state="fail", text=str(error), fix=_FIX)
        return
    where = backend.card.endpoint
    text = f"policy {backend.name!r}, {where}"
    if where != IN_PROCESS:
        yield from _server_findings(backend, where)
        return
    if backend.name == "rules":
        text += ": reasons from what is measured in the video, no model"
    if backend.profile.prompts == "compact":
        text += ": asked in short, as it was trained"
    if detector is not None:
        text += "; with a detector of its own"
    yield Finding(check="policy", state="ok", text=text)


def check_calibration(settings: "Settings") -> Iterator[Finding]:
    """Tell whether confidences are calibrated."""
    from vau_agent.agent.calibration import load_calibration

    try:
        calibration = load_calibration(settings.models, settings.policy)
    except VauAgentError as error:
        yield Finding(check="calibration", state="fail", text=str(error))
        return
    if calibration is None:
        text = f"confidences of {settings.policy!r} are not calibrated; reports say so"
        yield Finding(check="calibration", state="info", text=text)
    else:
        text = f"confidences calibrated on {calibration.examples} clips: {calibration.fitted_on}"
        yield Finding(check="calibration", state="ok", text=text)


def check_privacy(settings: "Settings") -> Iterator[Finding]:
    """Look for variables that make libraries send traces."""
    from vau_agent.settings import exporting_variables

    names = exporting_variables()
    if not names:
        yield Finding(check="privacy", state="ok", text="privacy: no tracing, no telemetry")
        return
    yield Finding(
        check="privacy",
        state="warn",
        text=f"variables that may send traces elsewhere are set: {', '.join(names)}",
        fix=f"unset {' '.join(names)}",
    )


def _server_findings(backend: "Backend", where: str) -> Iterator[Finding]:
    """Ask a server for its models; this sends no frame."""
    from vau_agent.agent.backends.openai.backend import OpenAIBackend

    assert isinstance(backend, OpenAIBackend), "only a server is outside this process"
    try:
        served = backend.served_models()
    except BackendError as error:
        fix = f"start the server at {where}, or:   {_FIX}"
        yield Finding(check="policy", state="fail", text=str(error), fix=fix)
        return
    if backend.card.id in served:
        text = f"policy {backend.card.id!r} is served at {where}; frames would go there"
        yield Finding(check="policy", state="ok", text=text)
        return
    offered = ", ".join(served) or "none"
    address = backend.name.rpartition("@")[2]
    yield Finding(
        check="policy",
        state="fail",
        text=f"{where} does not serve {backend.card.id!r}; it has {offered}",
        fix=f"vau-agent config set policy openai:{served[0] if served else 'MODEL'}@{address}",
    )
