"""Can videos be read and clips be written here?"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from vau_agent.cli.checks.finding import Finding
from vau_agent.errors import VauAgentError

if TYPE_CHECKING:
    from vau_agent.settings import Settings

_DECODERS: Final = ("h264", "hevc", "mpeg4", "mjpeg", "vp9")
_ENCODERS: Final = ("libx264", "mjpeg")


def check_codecs(settings: "Settings") -> Iterator[Finding]:
    """Look for the codecs of surveillance videos."""
    try:
        import av  # noqa: F401 - whether it can be is the question
    except ImportError as error:
        fix = "pip install --force-reinstall av"
        yield Finding(check="codecs", state="fail", text=f"no video library: {error}", fix=fix)
        return
    lost = [name for name in _DECODERS if not _has_codec(name, "r")]
    lost += [name for name in _ENCODERS if not _has_codec(name, "w")]
    if lost:
        text = f"video codecs missing: {', '.join(lost)}"
        yield Finding(
            check="codecs", state="warn", text=text, fix="pip install --force-reinstall av"
        )
    else:
        text = f"video codecs: decode {', '.join(_DECODERS)}; encode {', '.join(_ENCODERS)}"
        yield Finding(check="codecs", state="ok", text=text)


def check_sandbox(settings: "Settings") -> Iterator[Finding]:
    """Decode a tiny rendered clip the way every video is decoded."""
    from vau_agent.tools.video.encode import write_video
    from vau_agent.tools.video.factory import open_video
    from vau_agent.tools.video.scenes.kinds import build_scene

    with tempfile.TemporaryDirectory(prefix="vau-doctor-") as folder:
        path = Path(folder) / "clip.mp4"
        try:
            write_video(build_scene("walking", seed=1, duration_s=1.0, size=(160, 120)), path)
            with open_video(path, reader=settings.reader, limits=settings.video) as reader:
                count = sum(1 for _ in reader.frames())
        except (VauAgentError, OSError) as error:
            yield Finding(
                check="sandbox",
                state="fail",
                text=f"a rendered clip did not decode in the sandbox: {error}",
                fix="vau-agent config show --origin   (limits under video.*)",
            )
            return
    text = f"sandbox: {count} frames of a rendered clip decoded with {settings.reader}"
    yield Finding(check="sandbox", state="ok" if count else "fail", text=text)


def check_decord(settings: "Settings") -> Iterator[Finding]:
    """Look for the second reader."""
    from importlib.util import find_spec

    if find_spec("decord") is not None:
        yield Finding(check="decord", state="ok", text="decord is there: --reader decord")
    elif settings.reader == "decord":
        yield Finding(
            check="decord",
            state="fail",
            text="the decord reader is set, and its package is absent",
            fix="pip install 'vau-agent[decord]'   or   vau-agent config set reader pyav",
        )
    else:
        text = "decord is absent; it is an optional second reader"
        yield Finding(check="decord", state="info", text=text)


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, mode)
    except UnknownCodecError:
        return False
    return True
