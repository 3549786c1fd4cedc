"""Where an error that is our bug is written down, so that a user sees one line."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vau_agent.errors import VauAgentError


def write_crash_report(error: BaseException, argv: Sequence[str], *, home: Path | None) -> Path:
    """Write what happened under the home folder, or the temporary one when that fails.

    Args:
        error: What was raised.
        argv: What the program was told to do.
        home: The home folder; the one of the settings when `None`.
    """
    now = datetime.now(tz=UTC)
    name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    trace = "".join(traceback.format_exception(error))
    text = f"{now.isoformat()}\nPython {sys.version}\nargv: {list(argv)}\n\n{trace}"
    try:
        return _write((home or _default_home()) / "crashes" / name, text)
    except OSError:
        return _write(Path(tempfile.gettempdir()) / f"vau-agent-crash-{name}", text)


def _default_home() -> Path:
    from vau_agent.settings import load_settings

    try:
        return load_settings().home
    except VauAgentError:
        return Path(tempfile.gettempdir()) / "vau-agent"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
