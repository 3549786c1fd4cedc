"""Evidence clips: a segment cut out as it was recorded, and as anybody can play it.

The stream copy holds the source's own compressed pictures and sound. It can only begin at a
keyframe, so it begins at or before the padded start; where it really begins is recorded. The
viewing copy is encoded anew and shows exactly the segment (see `viewing.py`). Hostile input is
demuxed and decoded in children alone: this process sees pixels and finished bytes.
"""

import hashlib
import json
import os
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final, get_args

import av.error
import numpy as np
from pydantic import TypeAdapter, ValidationError

from vau_agent.errors import SegmentOutOfRangeError, VideoError, VideoRefusal
from vau_agent.results import Clip, ClipFile
from vau_agent.schemas import Segment
from vau_agent.settings import ClipSettings, VideoLimits
from vau_agent.tools.clips_worker import SUFFIXES, CopyMade, CopyRequest
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.budgets import MIB, budget_for
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.wire import receive
from vau_agent.tools.viewing import write_viewing_copy

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def cut_clip(
    source: Path,
    segment: Segment,
    *,
    clip_id: str,
    reader: VideoReader,
    into: Path,
    stamp: Callable[[float], str],
    settings: ClipSettings,
    limits: VideoLimits,
) -> Clip:
    """Cut a segment out of a video, twice; what cannot be made is named in the clip's notes.

    Args:
        source: The file that `reader` reads.
        segment: What to cut, in seconds; must begin inside the video.
        clip_id: Begins the file names: letters, digits, `-` and `_`.
        reader: The video, open.
        into: An existing folder.
        stamp: Writes a time for the band above the viewing copy's pictures.
        settings: Padding, longest clip, largest picture.
        limits: What a video may cost.

    Raises:
        ValueError: `clip_id` cannot begin a file name.
        SegmentOutOfRangeError: The segment begins after the video ends.
        VideoOpenError: `source` is gone or is no longer the file that `reader` reads.
    """
    if segment.start >= reader.info.duration_s:
        raise SegmentOutOfRangeError(
            f"{segment.start} s lies past the end; give a time below {reader.info.duration_s:.3f}"
        )
    if not _ID.fullmatch(clip_id):
        raise ValueError(f"clip id {clip_id!r} may hold letters, digits, '-' and '_' only")
    notes: list[str] = []
    with _open_same(source, reader.info.sha256) as file:
        stream_copy = _stream_copy(
            file.fileno(), segment, into / clip_id, reader, settings, limits, notes
        )
    viewing_copy = _viewing_copy(
        segment, into / f"{clip_id}-view.mp4", reader, stamp, settings, notes
    )
    return Clip(
        id=clip_id,
        requested=segment,
        source_sha256=reader.info.sha256,
        stream_copy=stream_copy,
        viewing_copy=viewing_copy,
        notes=tuple(notes),
    )


def _stream_copy(
    file: int,
    segment: Segment,
    stem: Path,
    reader: VideoReader,
    settings: ClipSettings,
    limits: VideoLimits,
    notes: list[str],
) -> ClipFile | None:
    index = reader.packet_index()
    padded = _padded(segment, settings, duration=reader.info.duration_s)
    keys = np.flatnonzero(index.keys & (index.timestamps <= padded.start))
    if not len(keys):
        notes.append("No stream copy: no keyframe lies at or before the start.")
        return None
    key = int(keys[-1])
    seconds = float(index.time_base)
    origin = int(index.pts[0])
    request = CopyRequest(
        name=reader.info.sha256[:12],
        start_pts=int(index.pts[key]),
        end_pts=origin + round(padded.end / seconds),
    )
    try:
        made, data = _copy_in_child(file, request, limits)
    except VideoError as error:
        notes.append(f"No stream copy: the source {_reason(error)}.")
        return None
    if not made.identical:
        notes.append("The stream copy's container frames the compressed data differently.")
    if reader.info.has_audio and not made.audio:
        notes.append("The sound could not be copied or does not cover the segment.")
    path = stem.with_name(f"{stem.name}-stream{SUFFIXES[made.muxer]}")
    path.write_bytes(data)
    end_s = (made.end_pts - origin) * seconds
    return ClipFile(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        codec=reader.info.codec,
        frames=made.frames,
        start_s=float(index.timestamps[key]),
        end_s=max(end_s, float(index.timestamps[key])),
        first_s=made.first_s,
        audio=made.audio,
    )


def _padded(segment: Segment, settings: ClipSettings, *, duration: float) -> Segment:
    end = min(segment.end, segment.start + settings.max_clip_seconds)
    return Segment(
        start=max(0.0, segment.start - settings.padding_seconds),
        end=max(min(duration, end + settings.padding_seconds), segment.start + 0.001),
    )


def _viewing_copy(
    segment: Segment,
    path: Path,
    reader: VideoReader,
    stamp: Callable[[float], str],
    settings: ClipSettings,
    notes: list[str],
) -> ClipFile | None:
    wanted = segment
    if segment.duration > settings.max_clip_seconds:
        wanted = Segment(start=segment.start, end=segment.start + settings.max_clip_seconds)
        notes.append(f"The viewing copy ends after {settings.max_clip_seconds:.0f} s.")
    if max(reader.info.width, reader.info.height) > settings.viewing_side:
        notes.append(f"The viewing copy is scaled down to {settings.viewing_side} pixels.")
    try:
        written = write_viewing_copy(
            reader, wanted, path, stamp=stamp, longest_side=settings.viewing_side
        )
    except (VideoError, av.error.FFmpegError) as error:
        path.unlink(missing_ok=True)
        notes.append(f"No viewing copy: the segment {_reason(error)}.")
        return None
    data = path.read_bytes()
    return ClipFile(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        codec="h264",
        frames=written.frames,
        start_s=written.segment.start,
        end_s=written.segment.end,
    )


def _reason(error: VideoError | av.error.FFmpegError) -> str:
    """Say why in words of our own; a decoder's text may quote bytes of a hostile file."""
    kind = error.kind if isinstance(error, VideoError) else "no-frames"
    return {
        "codec-not-allowed": "fits no container",
        "over-budget": "takes more time or memory than allowed",
        "decoder-died": "crashes the demuxer",
        "truncated": "is damaged there",
    }.get(kind, "cannot be read there")


def _copy_in_child(
    file: int, request: CopyRequest, limits: VideoLimits
) -> tuple[CopyMade, bytearray]:
    size = os.fstat(file).st_size
    budget = budget_for(limits, file_bytes=size)
    wall_seconds = budget.wall_seconds(cpu_seconds=budget.file_cpu_seconds)
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-s", "-m", "vau_agent.tools.clips_worker"),
            *(str(file), json.dumps(asdict(budget)), json.dumps(asdict(request))),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        pass_fds=(file,),
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        deadline = time.monotonic() + wall_seconds
        answers = process.stdout.fileno()
        header, payload = receive(
            lambda buffer: _read_into(buffer, answers, deadline), max_payload=2 * size + MIB
        )
        if "refused" in header:
            kinds = get_args(VideoRefusal)
            kind: VideoRefusal = next(one for one in kinds if one == header["refused"])
            raise refusal(kind, request.name)
        return TypeAdapter(CopyMade).validate_python(header.get("made")), payload
    except TimeoutError as error:
        raise refusal("over-budget", request.name, detail=f"{wall_seconds:.0f} s") from error
    except (EOFError, ValueError, StopIteration, ValidationError) as error:
        raise refusal("decoder-died", request.name) from error
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read_into(buffer: memoryview, answers: int, deadline: float) -> None:
    while buffer:
        if not select.select([answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        count = os.readv(answers, [buffer])
        if not count:
            raise EOFError
        buffer = buffer[count:]


def _open_same(source: Path, sha256: str) -> BinaryIO:
    """Open the file again and make sure that it is still the one with this digest."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise refusal("not-found", str(source)) from error
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise refusal("not-a-file", str(source))
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise refusal("not-found", str(source), detail="another file stands there now")
    except BaseException:
        file.close()
        raise
    return file
