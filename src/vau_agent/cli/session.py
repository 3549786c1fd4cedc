"""What one start of the program knows besides its arguments, and where a crash is written down."""

import os
import sys
import tempfile
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vau_agent.errors import VauAgentError


@dataclass(kw_only=True)
class Session:
    """Filled in while options are read, so that a crash report knows where to go."""

    home: Path | None = None


def write_crash_report(session: Session, error: BaseException, argv: list[str]) -> Path:
    """Write what happened under the home folder, or the temporary one when that fails."""
    now = datetime.now(tz=UTC)
    name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    trace = "".join(traceback.format_exception(error))
    text = f"{now.isoformat()}\nPython {sys.version}\nargv: {argv}\n\n{trace}"
    try:
        return _write(_home(session) / "crashes" / name, text)
    except OSError:
        return _write(Path(tempfile.gettempdir()) / f"vau-agent-crash-{name}", text)


def _home(session: Session) -> Path:
    if session.home is not None:
        return session.home
    from vau_agent.settings import load_settings

    try:
        return load_settings().home
    except VauAgentError:
        return Path(tempfile.gettempdir()) / "vau-agent"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
