"""What a tool is: a look at the video that the policy may ask for. Tools have no side effects."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Box, FrameRef, Measurement, Segment, ToolCall, ToolName, ToolResult
from vau_agent.tools.video.base import Frame, VideoReader


class KeepFrames(Protocol):
    """Stores frames; whoever runs the tool numbers them."""

    def __call__(self, frames: Iterable[Frame], *, crop: Box | None = None) -> tuple[FrameRef, ...]:
        """Store frames, or the part of each that `crop` names; give each one's reference once."""


class Meter(Protocol):
    """Measures spans of a video."""

    def measure(self, reader: VideoReader, segment: Segment) -> Measurement:
        """Say what is found in a segment.

        Raises:
            VideoDecodeError: It could not be decoded.
        """


Arguments = TypeVar("Arguments", bound=BaseModel)


class Tool(Protocol):
    """One kind of look."""

    @property
    def name(self) -> ToolName:
        """Name by which a policy calls it."""

    @property
    def description(self) -> str:
        """One line for the policy: its arguments with their units, and what it brings."""

    @property
    def arguments(self) -> type[BaseModel]:
        """Model of its arguments."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Carry out one call.

        Raises:
            ToolArgumentError: The policy may correct its call.
            ToolExecutionError: The look failed for good.
        """


def parse_arguments(call: ToolCall, model: type[Arguments]) -> Arguments:
    """Check the arguments of a call.

    Raises:
        ToolArgumentError: One is missing, unknown, or of the wrong kind or size.
    """
    try:
        return model.model_validate(call.arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=True)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the arguments"
        wanted = ", ".join(model.model_fields)
        raise ToolArgumentError(
            f"{call.tool}: {place} is {first['input']!r}: {first['msg']}; it takes {wanted}"
        ) from error
