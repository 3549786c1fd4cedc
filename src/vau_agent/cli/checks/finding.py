"""What one check of `doctor` found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vau_agent.settings import Settings

State = Literal["ok", "info", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found; `fix` is something to type."""

    check: str
    state: State
    text: str
    fix: str = ""


Check = Callable[["Settings"], Iterator[Finding]]
