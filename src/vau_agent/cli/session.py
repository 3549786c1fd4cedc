"""What one start of the program knows besides its arguments."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(kw_only=True)
class Session:
    """Filled in while options are read, so that a crash report knows where to go."""

    home: Path | None = None
