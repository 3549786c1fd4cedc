"""The words of every refusal of a video: what is wrong with which file, and what to do about it.

The decoder's own text never reaches a person: it may quote bytes of a hostile file.
"""

from collections.abc import Mapping
from typing import Final

from vau_agent.errors import VideoDecodeError, VideoError, VideoOpenError, VideoRefusal

_MESSAGES: Final[Mapping[VideoRefusal, str]] = {
    "not-found": "does not exist; check the path",
    "not-a-file": "is a folder, a pipe or a device; give a video file",
    "empty": "holds no bytes; copy or export it again",
    "not-a-video": "is not a video in a known container; convert it with 'ffmpeg -i FILE out.mp4'",
    "format-not-allowed": (
        "is a playlist, a script or in a container that is not read; "
        "convert it with 'ffmpeg -i FILE out.mp4'"
    ),
    "codec-not-allowed": (
        "is compressed in a way that is not read; "
        "convert it with 'ffmpeg -i FILE -c:v libx264 out.mp4'"
    ),
    "no-video-stream": "holds no moving pictures; give a file with a video stream",
    "frame-too-large": (
        "has pictures larger than video.max_width x video.max_height; scale it down or raise them"
    ),
    "too-many-streams": "has more streams than video.max_streams; keep the video stream only",
    "truncated": "is cut short or damaged beyond use; copy or export it again",
    "no-frames": "holds no picture that can be decoded; copy or export it again",
    "no-permission": "may not be read; grant read permission",
    "over-budget": (
        "takes more time or memory to decode than allowed; shorten it, or raise "
        "video.base_wall_seconds, video.base_cpu_seconds or video.child_memory_mb"
    ),
    "decoder-died": "crashes the decoder; convert it with 'ffmpeg -i FILE -c:v libx264 out.mp4'",
}

_WHILE_DECODING: Final = frozenset({"truncated", "no-frames", "over-budget", "decoder-died"})


def refusal(kind: VideoRefusal, name: str, *, detail: str = "") -> VideoError:
    """Build the error for a refused file.

    Args:
        kind: Which refusal.
        name: The file as the person gave it.
        detail: Values of our own that explain the refusal, such as sizes; never library text.
    """
    found = f" ({detail})" if detail else ""
    return to_error(kind, f"{name!r} {_MESSAGES[kind]}{found}")


def to_error(kind: VideoRefusal, message: str) -> VideoError:
    """Give a refusal the class that its kind belongs to."""
    error = VideoDecodeError if kind in _WHILE_DECODING else VideoOpenError
    return error(message, kind=kind)
