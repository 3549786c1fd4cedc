"""The looks that a reflection is told it may ask for, as its task says it."""

import re
from collections.abc import Sequence
from typing import Final

NO_LOOKS: Final = "No tool is available; leave `queries` and `calls` empty."
SEARCH: Final = "search_clips"
"""The tool that carries out a reflection's queries."""

_NAME: Final = re.compile(r"`([a-z_]+)`")
_ZOOM: Final = '{"tool": "zoom", "arguments": {"start_s": 1.0, "end_s": 4.0}}'


def look_names(tools: Sequence[str]) -> tuple[str, ...]:
    """Give the names of tools from their description lines, each named first, in backticks."""
    found = (_NAME.search(line) for line in tools)
    return tuple(match[1] for match in found if match)


def offered_looks(task: str) -> tuple[str, ...]:
    """Give the names of the tools that a task offers, as `render_looks` wrote them."""
    return look_names([line for line in task.splitlines() if line.startswith("- `")])


def render_looks(tools: Sequence[str], *, calls: int) -> str:
    """Say which tools there are, how many calls are carried out, and how to search."""
    if not tools:
        return NO_LOOKS
    lines = [f"You may ask for looks; at most {calls} are carried out. Tools for `calls`:"]
    lines.extend(f"- {' '.join(line.split())}" for line in tools)
    if SEARCH in look_names(tools):
        lines.append(
            "`queries` are text searches over the video's frames, each a short description of what "
            "would be visible; each counts as a look. Without one, leave `queries` empty."
        )
    else:
        lines.append("This video cannot be searched by text; leave `queries` empty.")
    lines.append("If nothing is left to doubt, accept and ask for nothing.")
    return "\n".join(lines)


def render_example(tools: Sequence[str]) -> str:
    """Give a call as it is written, where there is a tool to show it with."""
    return _ZOOM if "zoom" in look_names(tools) else ""
