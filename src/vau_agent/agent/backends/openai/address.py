"""Where a policy is served, as `openai:MODEL@URL` says it."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from vau_agent.errors import SettingsError
from vau_agent.schemas import Value

FORM: Final = "openai:MODEL@URL"
_EXAMPLE: Final = "e.g. openai:qwen3-vl-8b@http://gpu-box:8000/v1"
_ADDRESS: Final = re.compile(r"(?P<model>.+?)@(?P<url>https?://.*)", re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_PORTS: Final = {"http": 80, "https": 443}


class ServerAddress(Value):
    """One model of one server."""

    model: str
    url: str
    """What paths like `chat/completions` are appended to; it usually ends in `/v1`."""
    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port: where frames travel to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the name says that it is this machine; nothing is looked up."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> ServerAddress:
    """Read `MODEL@URL`.

    Raises:
        SettingsError: It is no such pair, or the URL holds credentials or more than a path.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise SettingsError(
            f"policy 'openai' needs a model and an http or https address: {FORM}, {_EXAMPLE}"
        )
    model, url = found["model"], found["url"].rstrip("/")
    if re.search(r"[\s\\]", text) or not text.isprintable():
        raise SettingsError(f"policy 'openai' takes no white space or '\\': {FORM}, {_EXAMPLE}")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise SettingsError(
            f"the address of model {model!r} cannot be read: {error}; {_EXAMPLE}"
        ) from error
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:  # never quoted: it is a secret
        raise SettingsError(
            f"the address of model {model!r} holds a user or password, which would be stored with "
            "every run; give the key as VAU_ENDPOINT__API_KEY and the address without it"
        )
    if "?" in url or "#" in url:
        raise SettingsError(
            f"the address of model {model!r} goes on after its path ('?' or '#'); {_EXAMPLE}"
        )
    if not _HOST.fullmatch(host):
        raise SettingsError(f"the address of model {model!r} has no usable host; {_EXAMPLE}")
    return ServerAddress(model=model, url=url, host=host, port=port)
