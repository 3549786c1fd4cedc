"""From a server's refusal to the one line that a person reads."""

import json
import re
from typing import Final

from pydantic import SecretStr

from vau_agent.agent.backends.openai.address import ServerAddress
from vau_agent.errors import GenerationError

_READ_CHARS: Final = 4_000
_QUOTED_CHARS: Final = 200
_OVERFLOW: Final = re.compile(
    r"context.?(length|size|window)|maximum (model|input|context|prompt) length|max_model_len"
    r"|longer than the (maximum )?model|exceed_context|prompt is too long|too many (input )?tokens",
    re.IGNORECASE,
)
_NO_MODEL: Final = re.compile(r"model\b.*(not found|does not exist|not exist)", re.IGNORECASE)
_PICTURE_COUNT: Final = re.compile(r"at most \d+ image|too many images", re.IGNORECASE)
_BLIND: Final = re.compile(
    r"not a multimodal model|mmproj|(image|vision|multimodal)\S*( input)?( is|s are)? not support"
    r"|does not support (image|vision|multimodal)",
    re.IGNORECASE,
)


def is_temporary(status: int) -> bool:
    """Tell whether asking again may help."""
    return status in (408, 409, 425, 429) or (status >= 500 and status != 501)


def is_overflow(complaint: str) -> bool:
    """Tell whether a server says that a conversation does not fit its model's context."""
    return bool(_OVERFLOW.search(complaint))


def is_unknown_model(status: int, complaint: str) -> bool:
    """Tell whether a server says that it does not have the model."""
    return status == 404 or (status == 400 and bool(_NO_MODEL.search(complaint)))


def read_complaint(body: bytes, *, key: SecretStr | None) -> str:
    """Give what a server says in its refusal, on one line, and never with the key."""
    text = body.decode("utf-8", "replace")
    try:
        said = _message(json.loads(text))
    except (ValueError, RecursionError):
        said = "" if "<html" in text[:1000].lower() else text
    if key is not None and key.get_secret_value():
        said = said.replace(key.get_secret_value(), "***")
    return " ".join("".join(c if c.isprintable() else " " for c in said[:_READ_CHARS]).split())


def quote(complaint: str) -> str:
    """Write a complaint as the end of a sentence, cut short; nothing when nothing was said."""
    if not complaint:
        return ""
    is_long = len(complaint) > _QUOTED_CHARS
    return ": " + (complaint[: _QUOTED_CHARS - 1] + "…" if is_long else complaint)


def explain(
    status: int, complaint: str, address: ServerAddress, *, location: str | None = None
) -> GenerationError:
    """Say what a server refused, and what to do next."""
    place = address.place
    said = quote(complaint)
    if status in (401, 403):
        return GenerationError(
            f"{place} refused the key ({status}); set VAU_ENDPOINT__API_KEY to one it accepts"
        )
    if 300 <= status < 400:
        return GenerationError(
            f"{place} sends elsewhere ({status}, to {location or 'nowhere'}), which is never "
            "followed; if that is right, name that address in the policy"
        )
    if status == 413:
        return GenerationError(
            f"{place} refused a request of that size (413){said}; raise its limit, or lower "
            "'analysis.frames_per_window'"
        )
    if _PICTURE_COUNT.search(complaint):
        return GenerationError(
            f"{place} takes fewer pictures{said}; start it with more (vLLM: "
            "--limit-mm-per-prompt '{\"image\":64}') or lower 'analysis.frames_per_window'"
        )
    if _BLIND.search(complaint):
        return GenerationError(
            f"{address.model!r} on {place} does not look at pictures{said}; serve a model that "
            "does, or use the policy 'rules'"
        )
    return GenerationError(
        f"{place} refused the request ({status}){said}; see the server's log, or try another "
        "with 'vau-agent models test'"
    )


def explain_unknown_model(address: ServerAddress, offered: tuple[str, ...] | None) -> str:
    """Say which models there are instead; `None` when the server would not tell."""
    if offered is None:
        return (
            f"{address.place} knows neither model {address.model!r} nor a list of models (404); "
            "check the address in the policy, which usually ends in /v1"
        )
    if address.model in offered:
        return (
            f"{address.place} lists model {address.model!r} and yet does not answer for it (404); "
            "see that it is a chat model"
        )
    names = ", ".join(offered[:8]) or "no model at all"
    return f"{address.place} has no model {address.model!r}; it offers {names}"


def _message(value: object) -> str:
    """Find the text where servers keep it: `error.message`, `message`, `detail` or `error`."""
    if isinstance(value, dict):
        for name in ("error", "message", "detail"):
            if value.get(name):
                return _message(value[name])
        return ""
    return value if isinstance(value, str) else json.dumps(value)
