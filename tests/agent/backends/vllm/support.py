"""What the tests around vLLM share: conversations with drawn frames, and a real server."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.schemas import FrameRef, Stage

START_SECONDS = 180
REQUEST_SECONDS = 60
POLL_SECONDS = 0.25
STRUCTURED = {"backend": "xgrammar", "disable_any_whitespace": True}

ANSWER_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["normal", "anomalous"]}, "seen": {"type": "boolean"}},
    "required": ["answer", "seen"],
    "additionalProperties": False,
}


class Drawn:
    """Pictures by digest; every hue and number gives another one."""

    def __init__(self, hue: int = 0) -> None:
        self._hue = hue
        self._numbers = {_digest(number): number for number in range(100)}

    def __call__(self, frame: FrameRef) -> bytes:
        number = self._numbers[frame.sha256]
        image = Image.new("RGB", (160, 120), f"hsl({(self._hue + 7 * number) % 360}, 80%, 45%)")
        ImageDraw.Draw(image).rectangle((5 * number % 120, 40, 5 * number % 120 + 30, 90), "white")
        stream = BytesIO()
        image.save(stream, format="JPEG", quality=90)
        return stream.getvalue()


def frame(number: int, *, before: int | None = None) -> FramePart:
    return FramePart(
        frame=FrameRef(
            frame_id=f"f{number}",
            timestamp=number / 2,
            pts=500 * number,
            sha256=_digest(number),
            before=None if before is None else _digest(before),
        )
    )


def _digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def opened(frames: int = 8, *, words: int = 60, moving: bool = False) -> Conversation:
    """A system turn, and a user turn that shows frames and asks."""
    shown = [frame(one, before=one + 50 if moving else None) for one in range(frames)]
    system = Message(role="system", parts=(TextPart(text="Look at the frames. " * words),))
    task = TextPart(text="What happens here?")
    return grown(Conversation(messages=(system,)), "initial_reason", *shown, task)


def grown(
    conversation: Conversation, stage: Stage, *parts: TextPart | FramePart, text: str | None = None
) -> Conversation:
    """Append what was answered, if anything, and the next user turn."""
    if text is not None:
        said = Message(role="assistant", parts=(TextPart(text=text),))
        conversation = conversation.with_message(said)
    return conversation.with_message(Message(role="user", parts=parts, stage=stage))


def run_python(script: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran


@dataclass(frozen=True, kw_only=True)
class Server:
    """A vLLM server on this machine."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def policy(self) -> str:
        return f"openai:tiny@{self.url}"

    def read(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
            return str(reply.read().decode())

    def wait_for_running_request(self) -> None:
        wanted = 'vllm:num_requests_running{engine="0",model_name="tiny"} 1.0'
        for _ in _moments(REQUEST_SECONDS):
            if wanted in self.read("/metrics"):
                return
        raise AssertionError("no request came to run")

    def kill(self) -> None:
        """End the server and the processes of its engine at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(folder: Path, log: Path, *, context: int = 8192) -> Iterator[Server]:
    """Serve a model under the name `tiny` until the block ends."""
    port = _free_port()
    with log.open("wb") as written:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
                *("--model", str(folder), "--served-model-name", "tiny"),
                *("--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"),
                *("--enforce-eager", "--max-model-len", str(context), "--max-num-seqs", "2"),
                *("--block-size", "32", "--limit-mm-per-prompt", '{"image": 64}'),
                *("--kv-cache-memory-bytes", str(128 << 20), "--enable-prompt-tokens-details"),
                *("--structured-outputs-config", json.dumps(STRUCTURED)),
            ],
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "VLLM_NO_USAGE_STATS": "1",
                "HF_HUB_OFFLINE": "1",
                "VLLM_LOGGING_LEVEL": "WARNING",
            },
        )
    server = Server(port=port, process=process, log=log)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


def _wait_until_healthy(server: Server) -> None:
    for _ in _moments(START_SECONDS):
        if server.process.poll() is not None:
            break
        try:
            server.read("/health")
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            continue
        return
    raise AssertionError(f"the server did not start:\n{server.log.read_text()[-4000:]}")


def _moments(seconds: float) -> Iterator[None]:
    """Come back again and again: a server has no other way of saying that it is ready."""
    never = threading.Event()
    for _ in range(round(seconds / POLL_SECONDS)):
        never.wait(POLL_SECONDS)
        yield


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
