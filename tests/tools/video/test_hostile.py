"""Hostile files end in pictures or a named refusal; nothing crashes, hangs or grows."""

import ctypes
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.tools.video.barcoded import KINDS, encode
from tests.tools.video.hostile import DISGUISES, MP4_EDITS, mutated
from tests.tools.video.looking import Looker, open_looker

MAX_CHILD_MB: Final = 512
SOUND: Final = ("h264-open-gop", "h264-vfr", "mpeg4-avi", "mpeg-ts", "vp9", "flv")
PARTS: Final = 8
ODD_FILES: Final = Path("/usr/share/doc/opencv-doc/examples/data")
IN_OPEN: Final = 0x20


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("sound")
    small = [replace(kind, count=40, gop=10, times=None) for kind in KINDS if kind.name in SOUND]
    return {kind.name: encode(kind, folder) for kind in small}


@pytest.fixture(scope="module")
def looker() -> Iterator[Looker]:
    with open_looker() as looker:
        yield looker


@pytest.fixture
def outcome(looker: Looker) -> Callable[[Path], str]:
    return lambda path: looker.outcomes([path], max_mb=MAX_CHILD_MB)[0]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_files_give_pictures_or_a_named_refusal(
    part: int,
    sound: Mapping[str, Path],
    tmp_path: Path,
    pytestconfig: pytest.Config,
    looker: Looker,
) -> None:
    count = int(pytestconfig.getoption("--hostile", default=400)) // PARTS
    paths = []
    for number, data in enumerate(
        mutated([path.read_bytes() for path in sound.values()], count, seed=part)
    ):
        suffix = list(sound.values())[number % len(sound)].suffix
        paths.append(tmp_path / f"{part}-{number}{suffix}")
        paths[-1].write_bytes(data)

    outcomes = Counter(looker.outcomes(paths, max_mb=MAX_CHILD_MB))

    assert outcomes["nothing"] == outcomes["decoder-died"] == outcomes["over-budget"] == 0
    assert outcomes["ok"] > count // 3, f"too few files were salvaged: {outcomes}"


@pytest.mark.parametrize("edit", MP4_EDITS)
def test_an_mp4_that_lies_about_itself_is_read_or_refused(
    edit: str, sound: Mapping[str, Path], tmp_path: Path, outcome: Callable[[Path], str]
) -> None:
    path = tmp_path / f"{edit}.mp4"
    path.write_bytes(MP4_EDITS[edit](sound["h264-open-gop"].read_bytes()))

    assert outcome(path) not in {"nothing", "decoder-died", "over-budget"}


@contextmanager
def opens_of(path: Path) -> Iterator[Callable[[], bool]]:
    """Watch whether anybody opens a file."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN)

    def was_opened() -> bool:
        try:
            return bool(os.read(watch, 4096))
        except BlockingIOError:
            return False

    try:
        yield was_opened
    finally:
        os.close(watch)


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_playlist_in_disguise_is_refused_and_opens_nothing(
    disguise: str,
    suffix: str,
    sound: Mapping[str, Path],
    tmp_path: Path,
    outcome: Callable[[Path], str],
) -> None:
    target = sound["h264-open-gop"]
    path = tmp_path / f"{disguise}{suffix}"
    path.write_text(DISGUISES[disguise].replace("{target}", str(target)))

    with opens_of(target) as was_opened:
        assert outcome(path) in {"format-not-allowed", "not-a-video"}
        assert not was_opened()
        target.read_bytes()
        assert was_opened()


def test_a_playlist_behind_sound_bytes_opens_nothing(
    sound: Mapping[str, Path], tmp_path: Path, outcome: Callable[[Path], str]
) -> None:
    path, target = tmp_path / "padded.mp4", sound["h264-open-gop"]
    path.write_bytes(b" " * 5000 + DISGUISES["concat"].replace("{target}", str(target)).encode())

    with opens_of(target) as was_opened:
        assert outcome(path) in {"format-not-allowed", "not-a-video"}
        assert not was_opened()


@pytest.mark.parametrize("name", ["Megamind.avi", "Megamind_bugy.avi", "tree.avi", "vtest.avi"])
@pytest.mark.slow
def test_odd_files_of_a_well_known_package_are_read(
    name: str, outcome: Callable[[Path], str]
) -> None:
    if not (ODD_FILES / name).exists():
        pytest.skip("Debian's package opencv-doc is not installed")

    assert outcome(ODD_FILES / name) == "ok"
