"""The looks of one reflection: which are wanted, carrying them out, and what is told of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vau_agent.agent.looks import SEARCH
from vau_agent.errors import ToolArgumentError, ToolExecutionError
from vau_agent.graphs.frames import FrameKeeper
from vau_agent.schemas import Measurement, Reflection, ToolCall, ToolResult
from vau_agent.tools.base import Tool
from vau_agent.tools.detection import DETECT
from vau_agent.tools.video.base import VideoReader


def wanted_looks(reflection: Reflection) -> tuple[ToolCall, ...]:
    """Give what a reflection asks for: its calls, then its queries as searches."""
    searches = (ToolCall(tool=SEARCH, arguments={"query": query}) for query in reflection.queries)
    return (*reflection.calls, *searches)


def carry_out(
    calls: Sequence[ToolCall],
    tools: Mapping[str, Tool],
    reader: VideoReader,
    keeper: FrameKeeper,
    *,
    limit: int,
) -> Iterator[ToolResult]:
    """Carry out the first `limit` calls, and say of the others that they were not."""
    for call in calls[:limit]:
        yield run_tool(call, tools, reader, keeper)
    for call in calls[limit:]:
        yield ToolResult(call=call, error=f"not carried out: at most {limit} looks a reflection")


def run_tool(
    call: ToolCall, tools: Mapping[str, Tool], reader: VideoReader, keeper: FrameKeeper
) -> ToolResult:
    """Run one call; a look that fails says so and stops nothing."""
    tool = tools.get(call.tool)
    if tool is None:
        known = ", ".join(tools) or "none"
        return ToolResult(call=call, error=f"there is no tool {call.tool!r}; there is: {known}")
    try:
        return tool.run(call, reader=reader, keep_frames=keeper.keep)
    except (ToolArgumentError, ToolExecutionError) as error:
        return ToolResult(call=call, error=str(error))


def call_words(call: ToolCall) -> str:
    """Write a call."""
    arguments = ", ".join(f"{name}={value}" for name, value in call.arguments.items())
    return f"{call.tool}({arguments})"


def look_words(result: ToolResult) -> str:
    """Write what became of a look."""
    if result.error is not None:
        return f"{call_words(result.call)}: {result.error}"
    evidence = result.evidence
    count = len(evidence.frames) if evidence is not None else 0
    measured = evidence.measurements if evidence is not None else ()
    told = [note for one in measured for note in measured_words(one)]
    return "; ".join([f"{call_words(result.call)}: {count} frame{'s'[: count != 1]}", *told])


def measured_words(measurement: Measurement) -> tuple[str, ...]:
    """Write what a measurement says beyond the curve and its candidates, which stand elsewhere."""
    is_told = not measurement.seeks_events or measurement.tool == DETECT
    return measurement.notes if is_told else ()


def search_hit(result: ToolResult) -> dict[str, Any] | None:
    """Give what a search found, for an event; `None` for another look, or a failed one."""
    if result.call.tool != SEARCH or result.evidence is None:
        return None
    return {
        "query": str(result.call.arguments.get("query", "")),
        "notes": [note for one in result.evidence.measurements for note in one.notes],
        "frames": [
            {"frame_id": one.frame_id, "t_s": one.timestamp} for one in result.evidence.frames
        ],
    }
