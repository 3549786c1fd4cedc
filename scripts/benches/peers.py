"""One library doing one task on one file, in a process of its own.

    python -m scripts.benches.peers PEER_FOLDER LIBRARY TASK VIDEO [ARGUMENT]

Tasks: `full` samples 1 frame a second of the whole video, `keys` takes the keyframes, `zoom` takes
32 frames of the last 10 seconds, all 224 pixels wide; `ingest` does all that happens before a
policy sees a video; `numbers` reads the frame numbers drawn at the
times in a JSON file; `nothing` only opens the library. Prints what it found.
"""

import atexit
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import av
    import numpy as np

WIDTH: Final = 224
ZOOM_FRAMES: Final = 32
ZOOM_SECONDS: Final = 10.0

Pictures = Iterable[Any]


class OursPeer:
    """vau-agent as its users call it, sandbox included."""

    def __init__(self, path: str) -> None:
        from vau_agent.tools.video.factory import open_video

        self.reader = open_video(Path(path))

    def full(self) -> Pictures:
        """Sample the whole video."""
        return (frame.image for frame in self.reader.frames(fps=1, longest_side=WIDTH))

    def keys(self) -> Pictures:
        """Take the keyframes."""
        return (frame.image for frame in self.reader.keyframes(longest_side=WIDTH))

    def zoom(self) -> Pictures:
        """Look closely at the end."""
        times = zoom_times(self.reader.info.duration_s)
        return (frame.image for frame in self.reader.frames_at(times, longest_side=WIDTH))

    def ingest(self) -> Pictures:
        """Do all that happens to a video before a policy sees it."""
        from vau_agent.settings import TriageSettings
        from vau_agent.tools.triage import triage

        self.reader.packet_index()
        yield from self.keys()
        result = triage(self.reader, TriageSettings())
        print(f"{len(result.curve)} moments, {result.coverage.share:.2f} of the video")

    def close(self) -> None:
        """End the child, so that its costs are counted."""
        self.reader.close()

    def at(self, times: list[float]) -> Iterator[Any]:
        """Give the picture shown at each time, asked for one by one."""
        for time in times:
            yield from (frame.image for frame in self.reader.frames_at([time]))


class PyavPeer:
    """PyAV as its documentation shows it."""

    def __init__(self, path: str) -> None:
        import av

        self.container = av.open(path)
        self.stream = self.container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.tick = float(self.stream.time_base or 1)
        self.duration = float(self.container.duration or 0) / 1e6

    def full(self) -> Pictures:
        """Decode everything in order, convert one frame a second."""
        due = 0.0
        for frame in self.container.decode(self.stream):
            if frame.time >= due:
                yield self._picture(frame)
                due += 1.0

    def keys(self) -> Pictures:
        """Skip everything but keyframes."""
        self.stream.codec_context.skip_frame = "NONKEY"
        for frame in self.container.decode(self.stream):
            yield self._picture(frame)

    def zoom(self) -> Pictures:
        """Seek once, then go on in order."""
        times = zoom_times(self.duration)
        self._seek(times[0])
        due = iter(times)
        wanted = next(due)
        for frame in self.container.decode(self.stream):
            while frame.time >= wanted:
                yield self._picture(frame)
                if (following := next(due, None)) is None:
                    return
                wanted = following

    def at(self, times: list[float]) -> Iterator[Any]:
        """Seek to each time and take the first frame that is not before it."""
        start = (self.stream.start_time or 0) * self.tick
        for time in times:
            self._seek(time + start)
            shown = None
            for frame in self.container.decode(self.stream):
                if frame.time > time + start and shown is not None:
                    break
                shown = frame
            yield shown.to_ndarray(format="rgb24") if shown else None

    def _seek(self, time: float) -> None:
        self.container.seek(int(time / self.tick), stream=self.stream)

    def _picture(self, frame: "av.VideoFrame") -> "np.ndarray[Any, Any]":
        height = round(frame.height * WIDTH / frame.width)
        return frame.reformat(width=WIDTH, height=height, format="rgb24").to_ndarray()


class OpencvPeer:
    """OpenCV's VideoCapture, by frame number."""

    def __init__(self, path: str) -> None:
        import cv2  # type: ignore[import-not-found]  # lives in the bench environment

        self.cv2 = cv2
        self.capture = cv2.VideoCapture(path)
        self.fps = self.capture.get(cv2.CAP_PROP_FPS)
        self.count = int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def full(self) -> Pictures:
        """Grab everything, retrieve one frame a second."""
        step = round(self.fps)
        number = 0
        while self.capture.grab():
            if number % step == 0:
                yield self._picture(self.capture.retrieve()[1])
            number += 1

    def zoom(self) -> Pictures:
        """Seek once, then grab in order."""
        wanted = [round(time * self.fps) for time in zoom_times(self.count / self.fps)]
        self.capture.set(self.cv2.CAP_PROP_POS_FRAMES, wanted[0])
        for number in range(wanted[0], wanted[-1] + 1):
            if not self.capture.grab():
                return
            if number in wanted:
                yield self._picture(self.capture.retrieve()[1])

    def at(self, times: list[float]) -> Iterator[Any]:
        """Seek to the frame number that a constant rate gives."""
        for time in times:
            self.capture.set(self.cv2.CAP_PROP_POS_FRAMES, int(time * self.fps))
            found, image = self.capture.read()
            yield image[:, :, ::-1] if found else None

    def _picture(self, image: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        size = (WIDTH, round(image.shape[0] * WIDTH / image.shape[1]))
        small = self.cv2.resize(image, size, interpolation=self.cv2.INTER_AREA)
        picture: np.ndarray[Any, Any] = small[:, :, ::-1]
        return picture


class DecordPeer:
    """decord or decord2: the same module name, so each is found in a folder of its own."""

    def __init__(self, path: str) -> None:
        import decord

        self.decord = decord
        self.path = path

    def full(self) -> Pictures:
        """Get one frame a second in one batch."""
        reader = self.decord.VideoReader(self.path, **self._small())
        numbers = range(0, len(reader), round(reader.get_avg_fps()))
        yield from reader.get_batch(list(numbers)).asnumpy()

    def keys(self) -> Pictures:
        """Get the keyframes in one batch."""
        reader = self.decord.VideoReader(self.path, **self._small())
        yield from reader.get_batch(reader.get_key_indices()).asnumpy()

    def zoom(self) -> Pictures:
        """Get the last seconds in one batch."""
        reader = self.decord.VideoReader(self.path, **self._small())
        fps = reader.get_avg_fps()
        numbers = [round(time * fps) for time in zoom_times(len(reader) / fps)]
        yield from reader.get_batch(numbers).asnumpy()

    def at(self, times: list[float]) -> Iterator[Any]:
        """Find the frame by decord's own timestamps."""
        reader = self.decord.VideoReader(self.path)
        spans = reader.get_frame_timestamp(range(len(reader)))
        for time in times:
            started = [n for n in range(len(spans)) if spans[n][0] <= time + spans[0][0]]
            yield reader[max(started, default=0)].asnumpy()

    def _small(self) -> dict[str, int]:
        first = self.decord.VideoReader(self.path)[0].shape
        return {"width": WIDTH, "height": round(first[0] * WIDTH / first[1])}


class TorchcodecPeer:
    """torchcodec's exact mode."""

    def __init__(self, path: str) -> None:
        from torchcodec.decoders import VideoDecoder  # type: ignore[import-not-found]

        self.decoder = VideoDecoder(path, dimension_order="NHWC")
        self.duration = self.decoder.metadata.duration_seconds

    def full(self) -> Pictures:
        """Get one frame a second in one batch."""
        times = [float(second) for second in range(int(self.duration))]
        return self._batch(times)

    def zoom(self) -> Pictures:
        """Get the last seconds in one batch."""
        return self._batch(zoom_times(self.duration))

    def at(self, times: list[float]) -> Iterator[Any]:
        """Ask for the frame played at each time."""
        start = self.decoder.metadata.begin_stream_seconds or 0.0
        for time in times:
            yield self.decoder.get_frame_played_at(time + start).data.numpy()

    def _batch(self, times: list[float]) -> Pictures:
        yield from self.decoder.get_frames_played_at(times).data.numpy()


LIBRARIES: Final = {
    "ours": OursPeer,
    "pyav": PyavPeer,
    "opencv": OpencvPeer,
    "decord": DecordPeer,
    "decord2": DecordPeer,
    "torchcodec": TorchcodecPeer,
}


def zoom_times(duration: float) -> list[float]:
    """Spread the zoom's frames over the end of a video."""
    length = min(ZOOM_SECONDS, duration)
    return [duration - length * (1 - number / ZOOM_FRAMES) for number in range(ZOOM_FRAMES)]


def main() -> None:
    """Do the task that the command line names."""
    folder, library, task, path = sys.argv[1:5]
    sys.path.insert(0, folder)
    try:
        peer: Any = LIBRARIES[library](path)
    except ModuleNotFoundError as error:
        sys.exit(f"not installed ({error.name})")
    atexit.register(getattr(peer, "close", lambda: None))
    if task == "nothing":
        print("opened")
    elif task == "numbers":
        from scripts.benches.clips import read_number

        images = peer.at(json.loads(Path(sys.argv[5]).read_text()))
        print(json.dumps([None if image is None else read_number(image) for image in images]))
    elif not hasattr(peer, task):
        sys.exit("has no such way")
    else:
        shapes = [image.shape for image in islice(getattr(peer, task)(), 100_000)]
        print(f"{len(shapes)} frames of {shapes[0] if shapes else None}")


if __name__ == "__main__":
    main()
