"""One file from an address to a place: streamed, taken up where it was left, checked at the end.

What has arrived lies in a `.part` beside the target until its sha256 is that of the catalogue.
"""

import hashlib
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPResponse
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, url2pathname, urlopen

from vau_agent.errors import ModelError

OnBytes = Callable[[int], None]
"""Told how many bytes of a file are here, each time more have arrived."""

PART_SUFFIX: Final = ".part"
_SCHEMES: Final = ("https", "http", "file")
_CHUNK: Final = 1 << 18
_PARTIAL: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416
_KEPT_OUT: Final = (401, 403, 407)


def fetch(
    address: str,
    target: Path,
    *,
    size: int,
    sha256: str | None,
    timeout_s: float,
    on_bytes: OnBytes = lambda done: None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Fetch one file; what an earlier attempt left in the `.part` is not asked for again.

    Args:
        address: Where it lies.
        target: Where it is put once it is whole.
        size: Bytes it has to have.
        sha256: What it has to be; `None` leaves that to the caller.
        timeout_s: Without a byte arriving.
        on_bytes: Told of the progress.
        headers: Sent to the address itself and never to where it redirects: they may hold a key.

    Raises:
        ModelError: It cannot be reached, ended early, or is not what the catalogue names; only in
            the last case what has arrived is removed.
    """
    if urlsplit(address).scheme not in _SCHEMES:
        raise ModelError(f"{target.name} would come from {shown(address)!r}, which is no address")
    part = part_path(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    if part.is_file() and part.stat().st_size > size:
        part.unlink()
    try:
        _receive(address, part, size, on_bytes, _Asking(timeout_s, headers or {}))
    except HTTPError as error:
        raise ModelError(f"{shown(address)} answered {error.code} {error.reason}") from error
    except URLError as error:
        raise ModelError(f"{shown(address)} cannot be reached: {error.reason}") from error
    except (TimeoutError, ConnectionError, HTTPException) as error:
        raise ModelError(_ended(address, part, size, type(error).__name__)) from error
    if part.stat().st_size < size:
        raise ModelError(_ended(address, part, size, "the connection closed"))
    if sha256 is not None:
        check_file(part, size=size, sha256=sha256, origin=shown(address))
    part.replace(target)


def check_file(path: Path, *, size: int, sha256: str, origin: str) -> None:
    """Compare a file with the catalogue; one that differs is removed.

    Raises:
        ModelError: It differs.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found == sha256 and path.stat().st_size == size:
        return
    path.unlink()
    raise ModelError(
        f"{origin} is not the file that the catalogue names: sha256 {found[:16]}… instead of "
        f"{sha256[:16]}…; removed. Ask whoever runs your index before trying again"
    )


def part_path(target: Path) -> Path:
    """Give where a file lies until it is whole."""
    return target.with_name(target.name + PART_SUFFIX)


def shown(address: str) -> str:
    """Give an address without a name and password in it, for messages."""
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def is_kept_out(error: ModelError) -> bool:
    """Tell whether a fetch failed for want of a password or a certificate that others may have."""
    cause = error.__cause__
    if isinstance(cause, HTTPError):
        return cause.code in _KEPT_OUT
    return isinstance(cause, URLError) and isinstance(cause.reason, ssl.SSLError)


class _Asking(NamedTuple):
    timeout_s: float
    headers: Mapping[str, str]

    def open(self, address: str, have: int) -> HTTPResponse:
        """Ask for all of a file, or for what is behind the bytes that are here."""
        request = Request(address, headers={"Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        for name, value in self.headers.items():
            request.add_unredirected_header(name, value)
        answer: HTTPResponse = urlopen(request, timeout=self.timeout_s)
        return answer


def _receive(address: str, part: Path, size: int, on_bytes: OnBytes, asking: _Asking) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if have == size:
        on_bytes(have)
        return
    stream, start = _open(address, have, asking)
    with stream, part.open("ab" if start else "wb") as sink:
        _copy(stream, sink, start, size, on_bytes)


def _copy(
    stream: BufferedIOBase, sink: IO[bytes], start: int, size: int, on_bytes: OnBytes
) -> None:
    """Write what arrives as it arrives; a flood is cut off one byte after the size."""
    done = start
    on_bytes(done)
    while done <= size and (chunk := stream.read1(min(_CHUNK, size + 1 - done))):
        sink.write(chunk)
        sink.flush()
        done += len(chunk)
        on_bytes(min(done, size))


def _open(address: str, have: int, asking: _Asking) -> tuple[BufferedIOBase, int]:
    """Open an address behind the bytes that are here; give the stream and where it starts."""
    if urlsplit(address).scheme == "file":
        return _open_local(address, have)
    try:
        answer = asking.open(address, have)
    except HTTPError as error:
        if error.code != _RANGE_NOT_SATISFIABLE:
            raise
        answer = asking.open(address, 0)
    told = answer.headers.get("Content-Range", "")
    is_behind = answer.status == _PARTIAL and told.startswith(f"bytes {have}-")
    return answer, have if is_behind else 0


def _open_local(address: str, have: int) -> tuple[BufferedIOBase, int]:
    try:
        stream = Path(url2pathname(urlsplit(address).path)).open("rb")  # noqa: SIM115 - the caller's
    except OSError as error:
        raise URLError(error.strerror or "unreadable") from error
    stream.seek(have)
    return stream, have


def _ended(address: str, part: Path, size: int, why: str) -> str:
    have = part.stat().st_size if part.is_file() else 0
    return (
        f"{shown(address)} ended after {have} of {size} bytes ({why}); "
        "the same command goes on from there"
    )
