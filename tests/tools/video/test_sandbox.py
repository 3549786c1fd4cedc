"""The decoding child: what it may do, what its end means, and that nothing of it remains."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import IO, Final

import numpy as np
import pytest

from tests.tools.video.barcoded import KINDS, Kind, read
from vau_agent.errors import SegmentOutOfRangeError, VideoError
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.budgets import budget_for
from vau_agent.tools.video.encode import write_images
from vau_agent.tools.video.factory import open_video
from vau_agent.tools.video.sandbox import SandboxedReader
from vau_agent.tools.video.wire import Header, receive, send

BY_NAME: Final = {kind.name: kind for kind in KINDS}


@pytest.fixture
def path(file_of: Callable[[Kind], Path]) -> Path:
    return file_of(BY_NAME["h264-closed-gop"])


def children() -> list[int]:
    """Process ids of this process's children, zombies too."""
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def only_child() -> int:
    (pid,) = children()
    return pid


def processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def read_whole(pipe: IO[bytes], buffer: memoryview) -> None:
    buffer[:] = pipe.read(len(buffer))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _nothing_remains() -> Iterator[None]:
    assert children() == []
    before = open_descriptors()
    yield
    assert children() == []
    assert open_descriptors() == before


def test_the_child_has_given_up_what_it_does_not_need(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "canary-3141")
    limits = VideoLimits(child_memory_mb=1000, base_cpu_seconds=77, requests_per_child=9)

    with open_video(path, limits=limits):
        process = Path(f"/proc/{only_child()}")
        status = process.joinpath("status").read_text()
        bounds = {
            line[:26].strip(): line[26:].split()[:2]
            for line in process.joinpath("limits").read_text().splitlines()
        }
        environment = process.joinpath("environ").read_bytes()

    assert "NoNewPrivs:\t1" in status
    cpu, most_cpu = map(int, bounds["Max cpu time"])
    assert bounds["Max address space"] == [str(1000 << 20)] * 2
    assert 77 < cpu < 80
    assert 77 * 9 <= most_cpu < 80 * 9
    assert bounds["Max file size"] == bounds["Max core file size"] == ["0", "0"]
    assert int(bounds["Max open files"][1]) <= 32
    assert b"canary" not in environment


def test_a_killed_child_is_reported_and_replaced_until_it_has_died_too_often(path: Path) -> None:
    with open_video(path) as reader:
        for _ in range(3):
            os.kill(only_child(), signal.SIGSEGV)
            with pytest.raises(VideoError) as caught:
                list(reader.keyframes())
            assert caught.value.kind == "decoder-died"
            if _ < 2:
                assert [read(frame.image) for frame in reader.frames_at([1.0])] == [25]

        with pytest.raises(VideoError, match="3 times"):
            list(reader.keyframes())


def test_a_child_killed_in_the_middle_of_a_stream_ends_the_stream_with_an_error(
    path: Path,
) -> None:
    with open_video(path) as reader:
        frames = reader.frames()
        next(frames)
        os.kill(only_child(), signal.SIGKILL)
        with pytest.raises(VideoError) as caught:
            list(frames)
        assert caught.value.kind in {"decoder-died", "over-budget"}
        assert len(list(reader.frames())) == 100


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 30 pictures that take two seconds and more memory than the smallest child has."""
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    picture = np.zeros((2160, 3840, 3), np.uint8)
    picture[::7, ::5] = 200
    write_images([picture] * 30, path, size=(3840, 2160), fps=10, codec="mpeg4", gop=1)
    return path


@pytest.mark.parametrize(("seconds", "allowed"), [(60.0, True), (0.001, False)])
def test_a_request_may_take_its_wall_time_and_no_more(
    path: Path, seconds: float, allowed: bool
) -> None:
    limits = VideoLimits(base_wall_seconds=seconds, wall_per_cpu_second=0)
    if allowed:
        open_video(path, limits=limits).close()
        return
    with pytest.raises(VideoError, match="base_wall_seconds") as caught:
        open_video(path, limits=limits)
    assert caught.value.kind == "over-budget"


@pytest.mark.slow
def test_a_child_that_hangs_is_ended_and_said_to_stand_still(path: Path) -> None:
    with open_video(path, limits=VideoLimits(base_wall_seconds=4)) as reader:
        os.kill(only_child(), signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(VideoError, match="it stands still") as caught:
            list(reader.keyframes())

        assert caught.value.kind == "over-budget"
        assert time.monotonic() - started < 4 + 2
        assert children() == []


@pytest.mark.slow
def test_a_caller_may_take_longer_than_the_child(path: Path) -> None:
    limits = VideoLimits(base_wall_seconds=4, wall_per_cpu_second=0)
    with open_video(path, limits=limits) as reader, open_video(path) as pastime:
        frames, started = reader.frames(), time.monotonic()
        next(frames)
        while time.monotonic() - started < 4:
            list(pastime.frames(longest_side=64))
        assert len(list(frames)) == 99


def test_signs_of_life_come_where_answers_take_long(path: Path) -> None:
    budget = replace(budget_for(VideoLimits(), file_bytes=1), silent_seconds=1e-6)
    with (
        path.open("rb") as file,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "vau_agent.tools.video.worker"),
                *(str(file.fileno()), json.dumps(asdict(budget))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(file.fileno(),),
        ) as worker,
    ):
        assert worker.stdin is not None and worker.stdout is not None
        opening = {"reader": "pyav", "name": "x", "sha256": "0", "cpu_seconds": 9}
        send(worker.stdin.fileno(), opening)
        worker.stdin.close()
        messages: list[Header] = []
        while not messages or "end" not in messages[-1]:
            messages.append(receive(partial(read_whole, worker.stdout), max_payload=0)[0])

    assert len(messages) > 3
    assert all(message == {"alive": True} for message in messages[:-1])


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "kind"), [(20, None), (0.01, "over-budget")])
def test_a_request_may_take_its_processor_time_and_no_more(
    large: Path, seconds: float, kind: str | None
) -> None:
    limits = VideoLimits(
        base_cpu_seconds=seconds, cpu_seconds_per_mb=0, cpu_seconds_per_gigapixel=0
    )
    with open_video(large, limits=limits) as reader:
        if kind is None:
            assert len(list(reader.frames())) == 30
            return
        with pytest.raises(VideoError, match="base_cpu_seconds") as caught:
            list(reader.frames())
    assert caught.value.kind == kind


@pytest.mark.slow
@pytest.mark.parametrize(("megabytes", "kind"), [(1536, None), (256, "over-budget")])
def test_a_child_may_take_its_memory_and_no_more(
    large: Path, megabytes: int, kind: str | None
) -> None:
    with open_video(large, limits=VideoLimits(child_memory_mb=megabytes)) as reader:
        frames = reader.frames()
        if kind is None:
            assert next(frames).image.shape == (2160, 3840, 3)
            return
        with pytest.raises(VideoError, match=r"large.mp4.*child_memory_mb") as caught:
            list(frames)
    assert caught.value.kind == kind


def test_each_request_has_processor_time_of_its_own(path: Path) -> None:
    limits = VideoLimits(base_cpu_seconds=0.2, cpu_seconds_per_mb=0, cpu_seconds_per_gigapixel=0)

    with open_video(path, limits=limits) as reader:
        child = only_child()
        while processor_seconds(child) < 1.3:
            assert len(list(reader.frames(longest_side=64))) == 100
        assert only_child() == child


def test_a_worn_out_child_is_replaced_unnoticed(path: Path) -> None:
    limits = VideoLimits(base_cpu_seconds=0.2, requests_per_child=1)

    with open_video(path, limits=limits) as reader:
        first = only_child()
        numbers = [read(frame.image) for _ in range(3) for frame in reader.frames_at([2.0])]
        assert numbers == [50, 50, 50]
        assert only_child() != first


def test_a_long_request_follows_an_abandoned_stream(path: Path) -> None:
    with open_video(path) as reader:
        next(reader.frames())
        times = np.linspace(0, 3.9, 30_000).tolist()

        frames = reader.frames_at(times, longest_side=16)

        assert sum(1 for _ in frames) == len(times)


def test_streams_may_be_left_again_and_again(path: Path) -> None:
    with open_video(path) as reader:
        for _ in range(20):
            assert read(next(reader.frames(longest_side=120)).image) == 0
            assert len(reader.packet_index().pts) == 100


def test_frames_belong_to_the_caller(path: Path) -> None:
    with open_video(path) as reader:
        first, second, *_ = reader.frames(longest_side=120)

    first.image[:] = 0
    assert read(second.image) == 1


def test_a_closed_reader_says_so_and_may_be_closed_twice(path: Path) -> None:
    reader = open_video(path)
    reader.close()
    reader.close()

    with pytest.raises(ValueError, match="is closed"):
        list(reader.frames())


def test_an_unopened_file_leaves_nothing_behind(tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(bytes(1000))

    for _ in range(3):
        with pytest.raises(VideoError):
            open_video(noise)


def test_times_are_checked_without_asking_the_child(path: Path) -> None:
    with open_video(path) as reader, pytest.raises(SegmentOutOfRangeError, match="0 to 4"):
        reader.frames_at([4.1])


def test_a_child_that_starts_garbage_on_the_pipe_is_ended(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    with pytest.raises(VideoError) as caught:
        SandboxedReader(file, name="x", sha256="0", reader="nonsense", limits=VideoLimits())
    assert caught.value.kind == "decoder-died"


def test_memory_does_not_grow_with_the_frames_read(path: Path) -> None:
    with open_video(path) as reader:
        for _ in reader.frames():
            pass
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(20):
            for _ in reader.frames():
                pass
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert after - before < 8 * 1024
