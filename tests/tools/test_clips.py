"""Clips of every kind of file; pictures carry their number, so exactness is read from pixels."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.stream import Disposition

from tests.tools.video.barcoded import FPS, KINDS, Kind, draw, encode, read
from vau_agent.errors import SegmentOutOfRangeError, VideoOpenError
from vau_agent.results import Clip, ClipFile
from vau_agent.schemas import Segment
from vau_agent.settings import ClipSettings, VideoLimits
from vau_agent.tools.clips import cut_clip
from vau_agent.tools.video.base import Frame
from vau_agent.tools.video.encode import write_images
from vau_agent.tools.video.factory import open_video
from vau_agent.tools.video.pyav import PyavReader

Cut = Callable[..., Clip]
SETTINGS = ClipSettings(padding_seconds=0.2)
OWN_WAYS = frozenset(
    {
        *("h264-open-gop", "h264-vfr", "hevc-open-gop", "mpeg4-avi", "mpeg-ts", "edit-list", "flv"),
        *("rotated-90", "odd-size", "one-frame", "all-intra", "slow", "two-streams", "cover-art"),
    }
)
"""Kinds that cutting treats in a way of their own; the readers are tested on all."""
CUT_KINDS = [kind for kind in KINDS if kind.name in OWN_WAYS]
LONG_GOP = Kind(
    name="gop-10-s", suffix=".mp4", count=500, gop=250, options={"x264-params": "scenecut=0"}
)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], Path]:
    folder = tmp_path_factory.mktemp("sources")
    made: dict[str, Path] = {}

    def give(kind: Kind) -> Path:
        if kind.name not in made:
            made[kind.name] = encode(kind, folder)
        return made[kind.name]

    return give


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    return partial(cut_into, tmp_path)


@pytest.fixture(scope="session")
def clip_of(
    files: Callable[[Kind], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Kind], tuple[Clip, Path]]:
    """Give a clip from the middle of a kind's file and its folder, cutting it the first time."""
    made: dict[str, tuple[Clip, Path]] = {}

    def give(kind: Kind) -> tuple[Clip, Path]:
        if kind.name not in made:
            folder = tmp_path_factory.mktemp("clips")
            made[kind.name] = cut_into(folder, files(kind), *span_of(kind)), folder
        return made[kind.name]

    return give


def cut_into(
    folder: Path,
    source: Path,
    start: float,
    end: float,
    *,
    clip_id: str = "e1",
    settings: ClipSettings = SETTINGS,
    limits: VideoLimits | None = None,
) -> Clip:
    with open_video(source) as reader:
        return cut_clip(
            source,
            Segment(start=start, end=end),
            clip_id=clip_id,
            reader=reader,
            into=folder,
            stamp="{:.3f}".format,
            settings=settings,
            limits=limits or VideoLimits(),
        )


@contextmanager
def opened(path: Path) -> Iterator[PyavReader]:
    """Read a file of our own in this process."""
    with path.open("rb") as file:
        yield PyavReader(file, name=path.name, sha256="", limits=VideoLimits())


def frames_of(path: Path) -> list[Frame]:
    with opened(path) as reader:
        return list(reader.frames())


def numbers(path: Path, *, below: int = 0) -> list[tuple[float, int]]:
    """Read time and number of every picture, leaving out rows at the top."""
    return [(frame.timestamp, read(frame.image[below:])) for frame in frames_of(path)]


def check_digest(file: ClipFile, folder: Path) -> None:
    data = (folder / file.name).read_bytes()
    assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def span_of(kind: Kind) -> tuple[float, float]:
    """Choose a range that begins between two pictures, in the second half of the file."""
    times = sorted(kind.shown)
    if len(times) == 1:
        return 0.0, 0.04
    middle = len(times) * 3 // 5
    return times[middle] + 0.25 * (times[middle + 1] - times[middle]), times[-2]


@pytest.mark.parametrize("kind", CUT_KINDS, ids=lambda kind: kind.name)
def test_viewing_copy_shows_exactly_the_range(
    kind: Kind, files: Callable[[Kind], Path], clip_of: Callable[[Kind], tuple[Clip, Path]]
) -> None:
    start, end = span_of(kind)
    clip, folder = clip_of(kind)
    file = clip.viewing_copy
    assert file is not None, clip.notes
    check_digest(file, folder)
    on_screen = max(time for time in kind.shown if time <= start + 1e-6)
    wanted = [(max(0.0, time - start), number) for time, number in sorted(kind.shown.items())
              if on_screen <= time < end - 1e-6]  # fmt: skip
    with opened(files(kind)) as reader:
        height = reader.info.height
    with opened(folder / file.name) as reader:
        below = reader.info.height - height
        assert reader.info.duration_s == pytest.approx(end - start, abs=2e-3)
        assert (reader.info.codec, reader.info.width % 2, reader.info.height % 2) == ("h264", 0, 0)
    seen = numbers(folder / file.name, below=below)
    assert [number for _, number in seen] == [number for _, number in wanted]
    assert [time for time, _ in seen] == pytest.approx([time for time, _ in wanted], abs=2e-3)
    assert (file.start_s, file.frames) == (start, len(wanted))
    assert file.end_s == pytest.approx(end)


@pytest.mark.parametrize("kind", CUT_KINDS, ids=lambda kind: kind.name)
def test_stream_copy_begins_at_a_keyframe_and_covers_the_range(
    kind: Kind, files: Callable[[Kind], Path], clip_of: Callable[[Kind], tuple[Clip, Path]]
) -> None:
    start, end = span_of(kind)
    clip, folder = clip_of(kind)
    file = clip.stream_copy
    assert file is not None, clip.notes
    check_digest(file, folder)
    with opened(files(kind)) as reader:
        index = reader.packet_index()
        duration = reader.info.duration_s
    padded = max(0.0, start - SETTINGS.padding_seconds)
    keys = [time for time in index.timestamps[index.keys].tolist() if time <= padded + 1e-6]
    assert file.start_s == pytest.approx(max(keys))
    assert file.end_s >= min(duration, end + SETTINGS.padding_seconds) - 1e-3
    seen = numbers(folder / file.name)
    wanted = {round(time, 2): number for time, number in kind.shown.items()}
    assert seen
    for time, number in seen:
        assert wanted[round(file.start_s + time, 2)] == number
    assert len(seen) == file.frames


@pytest.mark.parametrize("kind", CUT_KINDS, ids=lambda kind: kind.name)
def test_stream_copy_holds_the_sources_own_bytes(
    kind: Kind, files: Callable[[Kind], Path], clip_of: Callable[[Kind], tuple[Clip, Path]]
) -> None:
    clip, folder = clip_of(kind)
    assert clip.stream_copy is not None
    assert clip.notes == ()
    assert set(payloads(folder / clip.stream_copy.name)) <= set(payloads(files(kind)))


def payloads(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        pictures = Disposition.attached_pic
        moving = [one for one in container.streams.video if not one.disposition & pictures]
        stream = max(moving, key=lambda one: one.width)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


@pytest.mark.slow
def test_offsets_are_right_with_a_keyframe_every_ten_seconds(
    files: Callable[[Kind], Path], cut: Cut, tmp_path: Path
) -> None:
    clip = cut(files(LONG_GOP), 13.0, 15.0, settings=ClipSettings(padding_seconds=2.0))
    copy, view = clip.stream_copy, clip.viewing_copy
    assert copy is not None and view is not None
    assert (copy.start_s, view.start_s, view.end_s) == (10.0, 13.0, 15.0)
    assert copy.end_s == pytest.approx(17.0, abs=4 / FPS)
    assert numbers(tmp_path / copy.name)[0] == (0.0, 250)
    assert view.frames == 50


def test_the_time_of_each_frame_stands_above_the_picture(
    files: Callable[[Kind], Path], cut: Cut, tmp_path: Path
) -> None:
    kind = KINDS[0]
    clip = cut(files(kind), 2.0, 2.2)
    assert clip.viewing_copy is not None
    first, second, *_ = frames_of(tmp_path / clip.viewing_copy.name)
    band = first.image.shape[0] - kind.size[1]
    assert band >= 12
    assert (first.image[:band, : first.image.shape[1] // 2] > 200).any()
    assert np.abs(first.image[:band].astype(int) - second.image[:band]).max() > 100
    top = draw(read(first.image[band:]))[:3]
    assert np.abs(first.image[band : band + 3].astype(int) - top).max() < 12


def test_a_player_can_start_before_the_whole_file_is_there(
    files: Callable[[Kind], Path], cut: Cut, tmp_path: Path
) -> None:
    clip = cut(files(KINDS[0]), 1.0, 2.0)
    assert clip.viewing_copy is not None
    data = (tmp_path / clip.viewing_copy.name).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_the_same_cut_gives_the_same_bytes(files: Callable[[Kind], Path], cut: Cut) -> None:
    one = cut(files(KINDS[0]), 1.0, 2.0, clip_id="one")
    two = cut(files(KINDS[0]), 1.0, 2.0, clip_id="two")
    for first, second in ((one.stream_copy, two.stream_copy), (one.viewing_copy, two.viewing_copy)):
        assert first is not None and second is not None
        assert first.sha256 == second.sha256


@pytest.fixture(scope="session")
def with_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write six seconds of numbered pictures with a tone."""
    path = tmp_path_factory.mktemp("sound") / "sound.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.codec_context.gop_size = 25
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(6 * FPS):
            picture = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(picture))
        for frame in tone(6.0):
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def tone(seconds: float) -> Iterator[AudioFrame]:
    for start in range(0, round(16_000 * seconds), 1024):
        wave = np.sin((start + np.arange(1024)) / 5).astype(np.float32)[None]
        frame = AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
        yield frame


def test_sound_stays_in_the_stream_copy_and_in_step(
    with_sound: Path, cut: Cut, tmp_path: Path
) -> None:
    clip = cut(with_sound, 3.3, 4.5)
    assert clip.stream_copy is not None and clip.viewing_copy is not None
    assert (clip.stream_copy.audio, clip.viewing_copy.audio) == (True, False)
    assert clip.notes == ()
    assert clip.stream_copy.start_s == 3.0
    with av.open(str(tmp_path / clip.stream_copy.name)) as container:
        (audio,) = container.streams.audio
        assert isinstance(audio, AudioStream)
        packets = [packet for packet in container.demux(audio) if packet.size]
        assert packets[0].pts is not None and audio.time_base is not None
        assert float(packets[0].pts * audio.time_base) == pytest.approx(0.0, abs=1024 / 16_000)
        assert audio.duration is not None
        assert float(audio.duration * audio.time_base) == pytest.approx(1.7, abs=0.15)
        copied = {bytes(packet) for packet in packets}
    with av.open(str(with_sound)) as container:
        assert copied <= {bytes(packet) for packet in container.demux(container.streams.audio[0])}


def test_a_long_event_is_cut_short_and_says_so(files: Callable[[Kind], Path], cut: Cut) -> None:
    settings = ClipSettings(padding_seconds=0, max_clip_seconds=1.0)
    clip = cut(files(KINDS[0]), 1.0, 3.5, settings=settings)
    assert clip.viewing_copy is not None and clip.stream_copy is not None
    assert (clip.viewing_copy.end_s, clip.viewing_copy.frames) == (2.0, 25)
    assert clip.stream_copy.end_s <= 2.0 + 0.2  # B-frames bring their later reference along
    assert clip.notes == ("The viewing copy ends after 1 s.",)
    exact = cut(files(KINDS[0]), 1.0, 2.0, settings=settings, clip_id="e2")
    assert exact.notes == ()


def test_large_pictures_are_scaled_down_and_say_so(
    files: Callable[[Kind], Path], cut: Cut, tmp_path: Path
) -> None:
    clip = cut(files(KINDS[0]), 1.0, 2.0, settings=ClipSettings(viewing_side=80))
    assert clip.viewing_copy is not None
    assert clip.notes == ("The viewing copy is scaled down to 80 pixels.",)
    assert frames_of(tmp_path / clip.viewing_copy.name)[0].image.shape[1] == 80


def test_an_event_that_ends_after_the_video_ends_with_it(
    files: Callable[[Kind], Path], cut: Cut
) -> None:
    clip = cut(files(KINDS[0]), 3.5, 9.0)
    assert clip.viewing_copy is not None and clip.stream_copy is not None
    assert clip.viewing_copy.end_s == pytest.approx(4.0)
    assert clip.stream_copy.end_s == pytest.approx(4.0)


def test_a_stream_copy_may_have_to_begin_at_the_first_picture(tmp_path: Path, cut: Cut) -> None:
    path = tmp_path / "intra-refresh.mp4"
    write_images(
        (draw(number) for number in range(50)),
        path,
        size=(160, 96),
        fps=FPS,
        options={"x264-params": "keyint=250:intra-refresh=1:scenecut=0"},
    )
    clip = cut(path, 1.5, 1.8)
    assert clip.stream_copy is not None
    assert clip.stream_copy.start_s == 0.0


def test_damage_is_noted_and_the_other_copy_still_made(tmp_path: Path, cut: Cut) -> None:
    path = tmp_path / "tight.mp4"
    write_images((draw(n) for n in range(50)), path, size=(160, 96), fps=FPS)
    clip = cut(path, 0.5, 1.0, limits=VideoLimits(base_wall_seconds=0.001, wall_per_cpu_second=0))
    assert clip.stream_copy is None
    assert clip.viewing_copy is not None
    assert clip.notes == ("No stream copy: the source takes more time or memory than allowed.",)


def test_a_source_that_was_replaced_is_refused(
    files: Callable[[Kind], Path], tmp_path: Path
) -> None:
    path = tmp_path / "source.mp4"
    path.write_bytes(files(KINDS[0]).read_bytes())
    with open_video(path) as reader:
        path.write_bytes(files(KINDS[6]).read_bytes())
        with pytest.raises(VideoOpenError, match="another file stands there now"):
            cut_clip(
                path,
                Segment(start=0, end=1),
                clip_id="e1",
                reader=reader,
                into=tmp_path,
                stamp=str,
                settings=SETTINGS,
                limits=VideoLimits(),
            )
    assert [one.name for one in tmp_path.iterdir()] == ["source.mp4"]


def test_a_segment_past_the_end_is_refused(files: Callable[[Kind], Path], cut: Cut) -> None:
    with pytest.raises(SegmentOutOfRangeError, match=r"4\.0 s lies past the end"):
        cut(files(KINDS[0]), 4.0, 5.0)


@pytest.mark.parametrize("clip_id", ["", "../e1", "a/b", "a b", "x" * 65, "e1\n"])
def test_an_id_that_is_no_file_name_is_refused(
    files: Callable[[Kind], Path], cut: Cut, clip_id: str
) -> None:
    with pytest.raises(ValueError, match="clip id"):
        cut(files(KINDS[0]), 0.0, 1.0, clip_id=clip_id)
