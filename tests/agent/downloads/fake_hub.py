"""A model hub of our own, and the start of a program that knows no other.

The hub's client reads its address when it is imported, so what uses it runs in a child.
"""

import contextlib
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
REPOSITORY = "made/up"


@dataclass(kw_only=True)
class Hub:
    """What one repository holds, and what was asked for."""

    files: dict[str, bytes]
    sends: dict[str, bytes] = field(default_factory=dict)
    """What is sent in place of a file."""
    status: int = 200
    commit: str = COMMIT
    address: str = ""
    hold_after: int | None = None
    """Sends so many bytes of the weights, then waits for `released`."""
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    """Of each request for a part of a file."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, *arguments: object) -> None:
        self.hub = hub
        super().__init__(*arguments)  # type: ignore[arg-type]  # what the server hands on

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.hub.status != 200:
            self._answer(self.hub.status, b"{}", {"X-Error-Code": "GatedRepo"})
        elif path.startswith(f"/api/models/{REPOSITORY}"):
            self._answer(200, json.dumps(self._info()).encode(), {})
        else:
            self._give(path.partition(f"/resolve/{self.hub.commit}/")[2])

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output clean."""

    def _info(self) -> dict[str, object]:
        siblings = [self._sibling(name, data) for name, data in self.hub.files.items()]
        return {"id": REPOSITORY, "sha": self.hub.commit, "siblings": siblings}

    def _sibling(self, name: str, data: bytes) -> dict[str, object]:
        """Tell of a file as the hub does: git keeps small ones, LFS weights."""
        told: dict[str, object] = {"rfilename": name, "size": len(data)}
        if name.endswith(".safetensors"):
            sha256 = hashlib.sha256(data).hexdigest()
            told["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
        else:
            blob = b"blob %d\0" % len(data) + data
            told["blobId"] = hashlib.sha1(blob, usedforsecurity=False).hexdigest()
        return told

    def _give(self, name: str) -> None:
        if name not in self.hub.files:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data = self.hub.sends.get(name, self.hub.files[name])
        etag = hashlib.sha256(self.hub.files[name]).hexdigest()
        if self.command == "GET":
            self.hub.asked.append(name)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": self.hub.commit}
        wanted = self.headers.get("Range", "")
        if not wanted:
            self._answer(200, data, headers)
            return
        self.hub.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").partition("-")[0])
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._answer(206, data[start:], headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        held = self.hub.hold_after
        if held is None or len(body) <= held:
            self.wfile.write(body)
            return
        with contextlib.suppress(ConnectionError):  # a killed reader is what the test is about
            self.wfile.write(body[:held])

        self.hub.held.set()
        self.hub.released.wait(30)
        self.close_connection = True


@contextmanager
def open_hub(files: dict[str, bytes]) -> Iterator[Hub]:
    """Serve a repository until the block ends."""
    hub = Hub(files=files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, hub))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def pull_in_child(hub: Hub, models: Path, *, commit: str | None = None) -> "Told":
    """Pull the repository by a program of its own."""
    with start_pull(hub, models, commit=commit) as child:
        out, err = child.communicate(timeout=60)
    return Told(code=child.returncode, out=out, err=err)


def start_pull(hub: Hub, models: Path, *, commit: str | None = None) -> "subprocess.Popen[str]":
    """Start pulling; the caller waits for its end."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(models.parent),
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(models.parent / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.agent.downloads.fake_hub", str(models), commit or ""],
        cwd=Path(__file__).resolve().parents[3],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the child said."""

    code: int
    out: str
    err: str


def main() -> int:
    """Pull, in the child: prints the progress, then the receipt or the error."""
    from vau_agent.agent.catalogue import HubPart, ModelEntry
    from vau_agent.agent.downloads.pull import Courier
    from vau_agent.errors import VauAgentError
    from vau_agent.settings import DownloadSettings

    part = HubPart(
        repository=REPOSITORY,
        revision=sys.argv[2] or None,
        files=("*.safetensors", "*.json"),
        licence="MIT",
    )
    entry = ModelEntry(
        name="made-up",
        title="Made up",
        kind="policy",
        role="For tests.",
        setting="transformers:made-up",
        parameters=1000,
        parts=(part,),
    )
    told: list[tuple[int, int]] = []
    courier = Courier(
        models=Path(sys.argv[1]),
        settings=DownloadSettings(spare_bytes=0),
        on_progress=lambda what, done, size: told.append((done, size)),
    )
    try:
        receipt = courier.pull(entry)
    except VauAgentError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(
        json.dumps({"told": told, "sources": receipt.sources, "files": [*receipt.files]})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
