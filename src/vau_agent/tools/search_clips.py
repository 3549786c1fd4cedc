"""A text search over the video's frames: where to look, when nothing measured says so."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from vau_agent.errors import (
    SettingsError,
    ToolArgumentError,
    ToolExecutionError,
    VideoDecodeError,
)
from vau_agent.memory.clip_index import ClipIndex
from vau_agent.memory.embedders.ranking import only_ranks
from vau_agent.schemas import Evidence, Measurement, Segment, ToolCall, ToolResult
from vau_agent.tools.base import KeepFrames, parse_arguments
from vau_agent.tools.retrieval import Moment, Retrieval
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE

_RANKED_ONLY: Final = (
    "this search only ranks moments: strong or not says little about what is there; judge by frames"
)


class SearchArguments(BaseModel):
    """What to look for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: str
    count: int | None = Field(default=None, ge=1)


class SearchClips:
    """The tool `search_clips(query, count)`."""

    name: Final = "search_clips"
    description: Final = (
        "`search_clips` with `query` (a few words for what it looks like) and, if wanted, `count`: "
        "the moments of the video that look most like it, or that there is no strong match"
    )
    arguments: Final = SearchArguments

    def __init__(self, retrieval: Retrieval, *, count: int, frames: int) -> None:
        self._retrieval = retrieval
        self._count = count
        """Moments of one call, at most."""
        self._frames = frames
        """Pictures shown for one call, at most."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Search; see `Tool.run`."""
        asked = parse_arguments(call, SearchArguments)
        count = self._count if asked.count is None else asked.count
        if count > self._count:
            raise ToolArgumentError(
                f"search_clips: count is {count}, and {self._count} is the most; ask for fewer"
            )
        try:
            index = self._retrieval.index(reader)
            moments = self._retrieval.search(index, asked.query, count)
            times = sorted(one.peak for one in _shown(moments)[: self._frames])
            pictures = reader.frames_at(times, longest_side=VIEW_LONGEST_SIDE)
            frames = keep_frames(pictures)
        except SettingsError as error:
            raise ToolArgumentError(f"search_clips: {error}") from error
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"search_clips: the video could not be searched: {error}"
            ) from error
        window = Segment(
            start=min(one.segment.start for one in moments),
            end=max(one.segment.end for one in moments),
        )
        measurement = Measurement(
            tool=self.name,
            segment=window,
            candidates=(),
            notes=_describe(asked.query, index, moments),
            seeks_events=False,
        )
        return ToolResult(
            call=call,
            evidence=Evidence(window=window, measurements=(measurement,), frames=frames),
        )


def _shown(moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    """Show what matches; of what does not, only the nearest."""
    return tuple(one for one in moments if one.strong) or moments[:1]


def _describe(query: str, index: ClipIndex, moments: tuple[Moment, ...]) -> tuple[str, ...]:
    looked = (
        f"searched {len(index)} frames of {index.header.duration_s:.1f} s "
        f'({index.header.embedder}) for "{" ".join(query.split())}"'
    )
    worth = (_RANKED_ONLY,) if only_ranks(index.header.embedder) else ()
    if not any(one.strong for one in moments):
        nearest = moments[0]
        return (
            f"{looked}: no strong match; unrelated words come as close. Nearest is "
            f"{nearest.segment.start:.1f}-{nearest.segment.end:.1f} s, score {nearest.score:.3f}",
            *worth,
        )
    return (
        looked,
        *(
            f"{one.segment.start:.1f}-{one.segment.end:.1f} s, best at {one.peak:.1f} s: score "
            f"{one.score:.3f}, {'strong' if one.strong else 'no better than unrelated words'}"
            for one in moments
        ),
        *worth,
    )
