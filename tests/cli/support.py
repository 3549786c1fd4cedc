"""What the command line's tests share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.scenes.kinds import build_scene


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one start of the program came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the tests of this folder work."""

    home: Path
    out: Path
    video: Path

    @property
    def options(self) -> Sequence[str]:
        """Give the options that keep everything here."""
        return ("--home", str(self.home), "--out", str(self.out))


def draw(path: Path, *, kind: str = "walking", seed: int = 3, seconds: float = 3.0) -> Path:
    """Write a small real video."""
    write_video(
        build_scene(kind, seed=seed, duration_s=seconds, size=(160, 120), fps=10.0), path, gop=10
    )
    return path
