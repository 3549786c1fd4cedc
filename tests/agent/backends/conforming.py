"""Backends as the conformance suite sees them: how each is opened, and what it promises."""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.agent.backends.chat_server import ChatServer
from vau_agent.agent.backends.base import Backend, BackendContext
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.backends.scripted import ScriptedCompletion
from vau_agent.agent.parsing import (
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.schemas import Evidence, FrameRef, Segment
from vau_agent.settings import EndpointSettings, EngineSettings
from vau_agent.testing import ImaginedVideo, abstain, anomalous, candidate, doubt

FIRST = anomalous("fighting", 16, 28, "f16", "f20")
DOUBT = doubt("The start looks late.", Segment(start=12, end=18))
REPEATS = 4
"""How often one scripted backend can answer each stage."""


@dataclass
class Album:
    """Draws the picture of each frame from its digest; keeps which were asked for."""

    asked: list[str] = field(default_factory=list)
    broken: bytes | None = None
    """Given instead of every picture."""

    def __call__(self, frame: FrameRef) -> bytes:
        self.asked.append(frame.sha256)
        if self.broken is not None:
            return self.broken
        colours = bytes.fromhex(frame.sha256)
        picture = Image.new("RGB", (8, 4), tuple(colours[:3]))
        for place in range(8):
            picture.putpixel((place, place % 4), (colours[3 + place], colours[11 + place], 90))
        buffer = io.BytesIO()
        picture.resize((96, 64)).save(buffer, format="JPEG")
        return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One backend under test."""

    policy: str
    """What it is opened with."""
    album: Album
    opened: Callable[[], Backend]
    """Gives it, with all of a script before it; one that is costly to load is opened once."""
    looks: bool = False
    """Whether it asks for pictures."""
    writes_tokens: bool = False
    """Whether it counts what it reads and writes, and stops at its limits."""
    tells_verdict: bool = False
    """Whether what it writes here holds an answer whose token it tells."""
    heavy: tuple[str, ...] = ()
    """Modules that it may import when it is asked, and not before."""


def rules() -> Subject:
    """Reasons from measurements."""
    return Subject(policy="rules", album=Album(), opened=lambda: open_backend("rules"))


def scripted(folder: Path) -> Subject:
    """Replays a file."""
    script = [
        line
        for one in (
            ScriptedCompletion(stage="initial_reason", text=render_reasoning(FIRST)),
            ScriptedCompletion(stage="self_reflect", text=render_reflection(DOUBT)),
            ScriptedCompletion(stage="verify", text=render_verification(abstain())),
            ScriptedCompletion(stage="revise", text=render_reasoning(FIRST)),
            ScriptedCompletion(stage="answer", text=render_answer(FIRST.claims)),
        )
        for line in [one.model_dump_json()] * REPEATS
    ]
    path = folder / "script.jsonl"
    path.write_text("\n".join(script))
    policy = f"scripted:{path}"
    return Subject(policy=policy, album=Album(), opened=lambda: open_backend(policy))


def openai(server: ChatServer) -> Subject:
    """Asks a real server on this machine."""
    album = Album()
    context = BackendContext(
        pictures=album,
        endpoint=EndpointSettings.model_validate(
            {"timeout_seconds": 20, "retries": 0, "backoff_seconds": 0}
        ),
    )
    return Subject(
        policy=server.policy,
        album=album,
        opened=lambda: open_backend(server.policy, context),
        looks=True,
        writes_tokens=True,
        tells_verdict=True,
        heavy=("openai",),
    )


def local(engine: str, folder: Path) -> Subject:
    """Runs a tiny model with random weights: what it writes is noise."""
    policy = f"{engine}:{folder}"
    album = Album()
    context = BackendContext(
        pictures=album,
        endpoint=EndpointSettings(max_frames=32),
        engine=EngineSettings(cpu_cache_mb=128),
    )
    kept: list[Backend] = []

    def opened() -> Backend:
        if not kept:
            kept.append(open_backend(policy, context))
        return kept[0]

    return Subject(
        policy=policy,
        album=album,
        opened=opened,
        looks=True,
        writes_tokens=True,
        heavy=("torch", "transformers", "timm", "vllm"),
    )


def window(seed: str, *, frames: int = 3) -> Evidence:
    """Imagine a window with one strong event and these many frames, unlike those of other seeds."""
    video = ImaginedVideo()
    return of_seed(video.triage(candidate(16, 28, motion=0.9), step=40 / frames), seed)


def look(seed: str) -> Evidence:
    """Imagine a closer look, with frames of its own."""
    video = ImaginedVideo()
    video.frames(0, 40, step=1)
    brought = video.zoom(12, 18, candidate(14.5, 18, motion=0.8)).evidence
    assert brought is not None
    return of_seed(brought.model_copy(update={"frames": brought.frames[:2]}), seed)


def of_seed(evidence: Evidence, seed: str) -> Evidence:
    """Give every frame a picture of its own."""
    return evidence.model_copy(update={"frames": _drawn(evidence.frames, seed)})


def _drawn(frames: Sequence[FrameRef], seed: str) -> tuple[FrameRef, ...]:
    return tuple(
        frame.model_copy(
            update={"sha256": hashlib.sha256(f"{seed}/{frame.frame_id}".encode()).hexdigest()}
        )
        for frame in frames
    )
