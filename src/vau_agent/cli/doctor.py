"""`vau-agent doctor`: can this machine do the work, and what to type if not."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from vau_agent.cli.options import HomeOption, JsonOption, PolicyOption, settings_from
from vau_agent.errors import VauAgentError

if TYPE_CHECKING:
    from vau_agent.settings import Settings

State = Literal["ok", "info", "warn", "fail"]

NOT_USABLE: Final = 7
MIN_FREE_BYTES: Final = 1_000_000_000
"""Less free space than this gets a warning: pictures and clips need room."""
_DECODERS: Final = ("h264", "hevc", "mpeg4", "mjpeg", "vp9")
_ENCODERS: Final = ("libx264", "mjpeg")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found; `fix` is something to type."""

    check: str
    state: State
    text: str
    fix: str = ""


def doctor(
    as_json: JsonOption = False, home: HomeOption = None, policy: PolicyOption = None
) -> int:
    """Check this machine; ends with 7 if videos cannot be analysed on it."""
    settings = settings_from({"home": home, "policy": policy})
    findings = [finding for check in CHECKS for finding in check(settings)]
    usable = all(finding.state != "fail" for finding in findings)
    if as_json:
        print(
            json.dumps({"usable": usable, "findings": [asdict(one) for one in findings]}, indent=2)
        )
    else:
        for line in _lines(findings, usable=usable):
            print(line)
    return 0 if usable else NOT_USABLE


def _lines(findings: Sequence[Finding], *, usable: bool) -> Iterator[str]:
    for finding in findings:
        yield f"  {finding.state:<5} {finding.text}"
        if finding.fix:
            yield f"          {finding.fix}"
    if usable:
        yield "Next:   vau-agent demo   |   vau-agent analyze YOUR.mp4"
    else:
        yield "Mend what failed above, then:   vau-agent doctor"


def _python(settings: "Settings") -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(check="python", state="ok", text=f"Python {version}")


def _codecs(settings: "Settings") -> Iterator[Finding]:
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


def _sandbox(settings: "Settings") -> Iterator[Finding]:
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


def _decord(settings: "Settings") -> Iterator[Finding]:
    from importlib.util import find_spec

    wanted = settings.reader == "decord"
    if find_spec("decord") is not None:
        yield Finding(check="decord", state="ok", text="decord is there: --reader decord")
    elif wanted:
        yield Finding(
            check="decord",
            state="fail",
            text="the decord reader is set, and its package is absent",
            fix="pip install 'vau-agent[decord]'   or   vau-agent config set reader pyav",
        )
    else:
        text = "decord is absent; it is an optional second reader"
        yield Finding(check="decord", state="info", text=text)


def _home(settings: "Settings") -> Iterator[Finding]:
    from vau_agent.memory.home import open_home

    try:
        with open_home(settings.home) as home:
            count = len(home.journal.runs())
    except (VauAgentError, OSError) as error:
        fix = "vau-agent config set home /a/folder/you/can/write"
        text = f"home {str(settings.home)!r} cannot be used: {error}"
        yield Finding(check="home", state="fail", text=text, fix=fix)
        return
    yield Finding(check="home", state="ok", text=f"home {settings.home}: {count} runs")
    free = shutil.disk_usage(settings.home).free
    state: State = "ok" if free >= MIN_FREE_BYTES else "warn"
    yield Finding(check="disk", state=state, text=f"{free / 1e9:.1f} GB free in home")


def _policy(settings: "Settings") -> Iterator[Finding]:
    from vau_agent.agent.backends.factory import open_backend

    try:
        name = open_backend(settings.policy).name
    except VauAgentError as error:
        fix = "vau-agent config set policy rules"
        yield Finding(check="policy", state="fail", text=str(error), fix=fix)
        return
    text = f"policy {name!r}, in this process"
    if name == "rules":
        text += ": reasons from what is measured in the video, no model"
    yield Finding(check="policy", state="ok", text=text)


def _privacy(settings: "Settings") -> Iterator[Finding]:
    from vau_agent.settings import exporting_variables

    names = exporting_variables()
    if not names:
        yield Finding(check="privacy", state="ok", text="privacy: no tracing, no telemetry")
        return
    yield Finding(
        check="privacy",
        state="warn",
        text=f"variables that may send traces elsewhere are set: {', '.join(names)}",
        fix=f"unset {' '.join(names)}",
    )


CHECKS: Final[tuple[Callable[["Settings"], Iterator[Finding]], ...]] = (
    _python,
    _codecs,
    _sandbox,
    _decord,
    _home,
    _policy,
    _privacy,
)


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, mode)
    except UnknownCodecError:
        return False
    return True
