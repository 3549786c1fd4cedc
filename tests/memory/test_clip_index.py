import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vau_agent.errors import ClipIndexError, JournalError
from vau_agent.memory.clip_index import ClipIndex, IndexedFrame, IndexHeader
from vau_agent.memory.embedders.base import Vectors
from vau_agent.memory.home import open_home
from vau_agent.memory.index_store import IndexStore

DIM = 12
VIDEO, OTHER_VIDEO = "a" * 64, "b" * 64
EMBEDDER, OTHER_EMBEDDER = "c" * 64, "d" * 64


def header(**changes: object) -> IndexHeader:
    values: dict[str, object] = {
        "video_sha256": VIDEO,
        "video_name": "gate.mp4",
        "duration_s": 60.0,
        "embedder": "test",
        "embedder_digest": EMBEDDER,
        "dim": DIM,
        "sampling": "1 fps",
        "created": datetime(2026, 3, 29, tzinfo=UTC),
    }
    return IndexHeader.model_validate(values | changes)


def unit_vectors(count: int, *, seed: int = 1, dim: int = DIM) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    unit: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def frames(count: int) -> list[IndexedFrame]:
    return [IndexedFrame(timestamp=at, pts=at * 90_000, until=at + 1) for at in range(count)]


def build(count: int = 40, **changes: object) -> ClipIndex:
    return ClipIndex.build(header(**changes), frames(count), unit_vectors(count))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "indexes" / "one.clips"


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore(root=tmp_path / "indexes")


def test_a_vector_finds_its_own_frame_first() -> None:
    index = build()

    for place, (best, *_) in enumerate(index.search(unit_vectors(40), 3)):
        assert best.frame.timestamp == place
        assert best.score == pytest.approx(1, abs=1e-3)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
def test_what_is_found_is_what_comparing_with_every_vector_finds(seed: int, count: int) -> None:
    query = unit_vectors(1, seed=seed)
    index = build()

    (found,) = index.search(query, count)

    exact = index.vectors @ query[0]
    assert [match.score for match in found] == pytest.approx(
        sorted(exact.tolist(), reverse=True)[:count], abs=1e-3
    )
    assert [exact[round(match.frame.timestamp)] for match in found] == pytest.approx(
        [match.score for match in found], abs=1e-3
    )


def test_no_more_is_found_than_there_is() -> None:
    assert [len(found) for found in build(3).search(unit_vectors(2), 10)] == [3, 3]


def test_an_index_without_frames_finds_nothing(path: Path) -> None:
    build(0).save(path)

    empty = ClipIndex.load(path)

    assert empty.search(unit_vectors(2), 5) == ((), ())
    assert len(empty) == 0
    assert not empty.centre.any()


def test_half_precision_keeps_vectors_within_a_thousandth() -> None:
    assert np.abs(build().vectors - unit_vectors(40)).max() < 1e-3


def test_the_centre_is_the_mean_of_all_vectors() -> None:
    assert build().centre == pytest.approx(unit_vectors(40).mean(axis=0), abs=1e-3)


def test_a_saved_index_is_read_back_alike(path: Path) -> None:
    index = build()
    index.save(path)

    found = ClipIndex.load(path, embedder_digest=EMBEDDER)

    assert (found.header, found.frames) == (index.header, index.frames)
    assert np.array_equal(found.codes, index.codes)
    assert found.search(unit_vectors(1), 5) == index.search(unit_vectors(1), 5)
    assert ClipIndex.load_header(path) == index.header
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("shape", "problem"),
    [((39, DIM), "40 frames"), ((40, DIM + 1), "12 dimensions")],
)
def test_vectors_that_do_not_fit_are_a_mistake_of_the_caller(
    shape: tuple[int, int], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        ClipIndex.build(header(), frames(40), np.zeros(shape, dtype=np.float32))


def test_a_vector_of_no_numbers_is_not_kept() -> None:
    vectors = unit_vectors(40)
    vectors[7, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        ClipIndex.build(header(), frames(40), vectors)


@pytest.mark.parametrize(("dim", "count"), [(DIM + 1, 5), (DIM, 0)])
def test_a_search_that_cannot_be_made_is_a_mistake_of_the_caller(dim: int, count: int) -> None:
    with pytest.raises(ValueError, match="search takes"):
        build().search(unit_vectors(1, dim=dim), count)


def test_an_entry_stands_for_some_time() -> None:
    with pytest.raises(ValidationError, match="ends after it starts"):
        IndexedFrame(timestamp=2, pts=1, until=2)


def test_an_absent_index_says_how_to_build_one(path: Path) -> None:
    with pytest.raises(ClipIndexError, match=r"no index .*one\.clips.*vau-agent index"):
        ClipIndex.load(path)


def test_an_index_of_another_embedder_is_refused(path: Path) -> None:
    build().save(path)
    with pytest.raises(ClipIndexError, match=r"built with 'test' \(cccccc.*dddddd.*--force"):
        ClipIndex.load(path, embedder_digest=OTHER_EMBEDDER)


@pytest.mark.parametrize("place", [-1, -40, -600, 100])
def test_one_changed_byte_is_noticed(path: Path, place: int) -> None:
    build().save(path)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)

    with pytest.raises(ClipIndexError, match=r"damaged|another|built with"):
        ClipIndex.load(path, embedder_digest=EMBEDDER)


@pytest.mark.parametrize("kept", [0, 1, 10, 30, 200, -1])
def test_a_file_that_was_cut_short_is_refused(path: Path, kept: int) -> None:
    build().save(path)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ClipIndexError, match="damaged"):
        ClipIndex.load(path)


def test_bytes_behind_the_end_are_refused(path: Path) -> None:
    build().save(path)
    path.write_bytes(path.read_bytes() + b"more")

    with pytest.raises(ClipIndexError, match="damaged"):
        ClipIndex.load(path)


def test_a_header_that_promises_too_much_is_refused_before_anything_is_read(path: Path) -> None:
    build().save(path)
    magic, head, body = path.read_bytes().split(b"\n", 2)
    promised = json.loads(head) | {"count": 2**60}
    path.write_bytes(b"\n".join((magic, json.dumps(promised).encode(), body)))

    with pytest.raises(ClipIndexError, match="bytes of vectors should follow"):
        ClipIndex.load(path)


def test_an_index_of_a_newer_program_is_refused(path: Path) -> None:
    build().save(path)
    path.write_bytes(path.read_bytes().replace(b"index 1\n", b"index 2\n", 1))

    with pytest.raises(ClipIndexError, match=r"format '2', this program knows 1; update"):
        ClipIndex.load(path)


def test_the_store_finds_an_index_by_video_embedder_and_sampling(store: IndexStore) -> None:
    store.save(build())

    assert store.find(VIDEO, EMBEDDER, "1 fps") is not None
    assert store.find(VIDEO, EMBEDDER, "2 fps") is None
    assert store.find(VIDEO, OTHER_EMBEDDER, "1 fps") is None
    assert store.find(OTHER_VIDEO, EMBEDDER, "1 fps") is None


def test_the_store_lists_headers_latest_first(store: IndexStore) -> None:
    early = build()
    late = build(
        video_sha256=OTHER_VIDEO, created=datetime(2026, 3, 29, tzinfo=UTC) + timedelta(hours=1)
    )
    for index in (late, early):
        store.save(index)

    assert store.list() == (late.header, early.header)
    assert store.list(VIDEO) == (early.header,)
    assert store.open(store.list(VIDEO)[0]).frames == early.frames


def test_a_damaged_index_does_not_hide_the_others(
    store: IndexStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.save(build())
    damaged = store.save(build(video_sha256=OTHER_VIDEO))
    damaged.write_bytes(b"nonsense")

    assert [one.video_sha256 for one in store.list()] == [VIDEO]
    assert damaged.name in caplog.text


def test_an_empty_home_lists_nothing(store: IndexStore) -> None:
    assert store.list() == ()
    assert store.remove(VIDEO) == 0


def test_removing_a_video_removes_all_its_indexes_and_no_other(store: IndexStore) -> None:
    for sampling in ("1 fps", "2 fps"):
        store.save(build(sampling=sampling))
    store.save(build(video_sha256=OTHER_VIDEO))

    assert store.remove(VIDEO) == 2
    assert [one.video_sha256 for one in store.list()] == [OTHER_VIDEO]
    assert len(list(store.root.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "indexes").write_text("a file")

    with pytest.raises(JournalError, match="indexes"):
        IndexStore(root=tmp_path / "indexes").save(build())


def test_a_home_keeps_its_indexes(tmp_path: Path) -> None:
    with open_home(tmp_path / "home") as home:
        home.indexes.save(build())
    with open_home(tmp_path / "home") as home:
        assert [one.video_name for one in home.indexes.list()] == ["gate.mp4"]


SAVE_OFTEN = """
import sys
from pathlib import Path
from tests.memory.test_clip_index import ClipIndex, IndexStore, frames, header, unit_vectors

vectors = unit_vectors(200, seed=int(sys.argv[2]))
for _ in range(40):
    IndexStore(root=Path(sys.argv[1])).save(ClipIndex.build(header(), frames(200), vectors))
"""


@pytest.mark.slow
def test_two_processes_that_build_the_same_index_leave_a_whole_one(store: IndexStore) -> None:
    store.save(build(200))
    root = Path(__file__).resolve().parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", SAVE_OFTEN, store.root, str(seed)], cwd=root)
        for seed in (1, 2)
    ]
    while any(writer.poll() is None for writer in writers):
        assert store.find(VIDEO, EMBEDDER, "1 fps") is not None  # never damaged, never absent
    assert [writer.returncode for writer in writers] == [0, 0]

    found = store.find(VIDEO, EMBEDDER, "1 fps")

    assert found is not None
    written = [unit_vectors(200, seed=seed).astype(np.float16) for seed in (1, 2)]
    assert any(np.array_equal(found.codes, codes) for codes in written)
    assert len(list(store.root.iterdir())) == 1
