"""One bounded exchange with a server: so many seconds, so many bytes, to one address.

The only module that imports the client, on the first request. What the environment tells that
client (keys, organisations, headers, proxies) goes nowhere: only settings do.
"""

import math
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx2
import openai

from vau_agent.agent.backends.openai.address import ServerAddress
from vau_agent.errors import GenerationError
from vau_agent.settings import EndpointSettings

_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")
_SENT_HEADERS: Final = ("host", "content-type", "content-length", "accept", "connection")


class Answer(NamedTuple):
    """What a server answered, whatever its status."""

    status: int
    body: bytes
    retry_after: float | None
    """Seconds it asks to be left alone."""
    location: str | None


class InterruptedExchangeError(Exception):
    """No whole answer came; asking again may help."""


class Connection:
    """Exchanges with one server; each opens and closes its own connection."""

    def __init__(self, address: ServerAddress, settings: EndpointSettings) -> None:
        self._address = address
        self._settings = settings

    def post(self, path: str, body: Mapping[str, Any], *, seconds: float) -> Answer:
        """Send a body.

        Raises:
            InterruptedExchangeError: No whole answer came within `seconds`.
            GenerationError: The answer is larger than it may be, or packed.
        """
        return self._exchange(path, body, seconds)

    def get(self, path: str, *, seconds: float) -> Answer:
        """Ask without a body; raises as `post` does."""
        return self._exchange(path, None, seconds)

    def _exchange(self, path: str, body: Mapping[str, Any] | None, seconds: float) -> Answer:
        with _Watch(seconds) as watch, self._open(watch, seconds) as http:
            client = openai.OpenAI(
                api_key="none",  # else the client looks for one in the environment
                base_url=self._address.url,
                http_client=http,
                timeout=seconds,
                max_retries=0,
            )
            try:
                if body is None:
                    response = client.get(path, cast_to=httpx2.Response)
                else:
                    options: Any = {"extra_json": self._settings.extra_body or None}
                    response = client.post(
                        path, cast_to=httpx2.Response, body=body, options=options
                    )
            except openai.APIStatusError as error:
                response = error.response
            except openai.APIConnectionError as error:
                raise InterruptedExchangeError(
                    "no answer in time" if watch.is_late else _reason(error)
                ) from error
            if watch.is_late:  # a body without a length seems whole wherever it is cut off
                raise InterruptedExchangeError("no answer in time")
            return Answer(
                status=response.status_code,
                body=response.content,
                retry_after=_retry_after(response.headers.get("retry-after")),
                location=response.headers.get("location"),
            )

    def _open(self, watch: "_Watch", seconds: float) -> httpx2.Client:
        def prepare(request: httpx2.Request) -> None:
            self._set_headers(request)
            request.extensions["trace"] = watch.follow

        return httpx2.Client(
            verify=self._tls,
            trust_env=self._settings.use_proxy and not self._address.is_loopback,
            follow_redirects=False,
            timeout=seconds,
            limits=httpx2.Limits(max_keepalive_connections=0),
            event_hooks={"request": [prepare], "response": [self._bound]},
        )

    @cached_property
    def _tls(self) -> SSLContext:
        if self._address.url.startswith("https:") or self._settings.use_proxy:
            return httpx2.create_ssl_context()
        return SSLContext(PROTOCOL_TLS_CLIENT)  # unused, trusts nobody, and takes no time to load

    def _set_headers(self, request: httpx2.Request) -> None:
        kept = [(name, request.headers[name]) for name in _SENT_HEADERS if name in request.headers]
        request.headers = httpx2.Headers([*kept, ("accept-encoding", "identity")])
        key = self._settings.api_key
        if key is not None and key.get_secret_value():
            request.headers["authorization"] = f"Bearer {key.get_secret_value()}"

    def _bound(self, response: httpx2.Response) -> None:
        packing = response.headers.get("content-encoding", "identity").lower()
        if packing not in ("", "identity"):
            raise GenerationError(
                f"{self._address.place} packed its answer ({packing!r:.40}) though it was asked "
                "not to; it is not unpacked, since its size would have no limit"
            )
        if isinstance(response.stream, httpx2.SyncByteStream):
            limit = self._settings.max_answer_bytes
            response.stream = _BoundedBody(response.stream, limit, self._address.place)


class _BoundedBody(httpx2.SyncByteStream):
    """A body that may not go on for ever."""

    def __init__(self, body: httpx2.SyncByteStream, limit: int, place: str) -> None:
        self._body = body
        self._limit = limit
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for chunk in self._body:
            total += len(chunk)
            if total > self._limit:
                raise GenerationError(
                    f"{self._place} answers with more than {self._limit} bytes; lower "
                    "'analysis.max_new_tokens' or raise 'endpoint.max_answer_bytes'"
                )
            yield chunk

    def close(self) -> None:
        self._body.close()


class _Watch:
    """Cuts a connection off when its time is up.

    Timeouts count from one byte to the next: with them alone, a server that sends a byte now and
    then would hold its caller for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.is_late = False
        self._stream: Any = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of the connection that is being opened."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]
            if self.is_late:
                self._cut()

    def _cut(self) -> None:
        self.is_late = True
        stream = self._stream
        if stream is not None:
            with suppress(OSError):  # it may just have been closed, or be in its handshake
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _reason(error: openai.APIConnectionError) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return _ERRNO.sub("", " ".join(str(cause).split()))[:160] or type(cause).__name__


def _retry_after(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
