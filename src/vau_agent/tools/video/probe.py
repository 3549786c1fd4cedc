"""Plain stand-ins for the shared values, for use inside the decoding child.

The child starts twice as fast without the libraries that the shared values need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from vau_agent.tools.video.base import Frame, VideoReader

if TYPE_CHECKING:
    from vau_agent.schemas import VideoInfo

Probe = Mapping[str, object]
"""The fields of a `VideoInfo`."""


class Span(Protocol):
    """What a reader needs of a segment."""

    @property
    def start(self) -> float:
        """First second."""

    @property
    def end(self) -> float:
        """Second before which it ends."""


class SourceReader(VideoReader, Protocol):
    """A reader as the child uses it."""

    def probe(self) -> Probe:
        """Give the fields of `info` as plain values."""

    def frames(
        self,
        segment: Span | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Decode a segment in time order; see `VideoReader`."""


def to_info(probe: Probe) -> VideoInfo:
    """Build the shared value; not called in the child."""
    from vau_agent.schemas import VideoInfo

    return VideoInfo.model_validate(probe)
