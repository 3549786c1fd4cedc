import hashlib
import os
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from vau_agent.errors import BlobError, JournalError
from vau_agent.memory.blobs import BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "home" / "blobs")


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=2000))
def test_a_blob_is_read_back_under_its_digest(store: BlobStore, data: bytes) -> None:
    sha256 = store.put(data)

    assert sha256 == hashlib.sha256(data).hexdigest()
    assert store.get(sha256) == data


def test_blobs_fan_out_by_two_digits_and_are_private(store: BlobStore, tmp_path: Path) -> None:
    sha256 = store.put(b"picture")

    path = store.path(sha256)
    assert path == tmp_path / "home" / "blobs" / sha256[:2] / sha256
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_putting_again_keeps_the_file(store: BlobStore) -> None:
    first = store.path(store.put(b"picture")).stat()
    again = store.path(store.put(b"picture")).stat()

    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


def test_a_damaged_blob_is_refused_and_mended_by_putting_again(store: BlobStore) -> None:
    sha256 = store.put(b"picture")
    store.path(sha256).write_bytes(b"pictura")

    with pytest.raises(BlobError, match="does not match its name; delete that file"):
        store.get(sha256)

    store.put(b"picture")
    assert store.get(sha256) == b"picture"


def test_an_absent_blob_says_what_to_do(store: BlobStore) -> None:
    with pytest.raises(BlobError, match="restore the folder from a copy, or analyse"):
        store.get("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_that_is_no_digest_reaches_no_file(store: BlobStore, name: str) -> None:
    with pytest.raises(BlobError, match="is not a sha256"):
        store.get(name)


def test_a_place_that_is_no_file_is_told_in_plain_words(store: BlobStore) -> None:
    sha256 = hashlib.sha256(b"picture").hexdigest()
    store.path(sha256).mkdir(parents=True)

    with pytest.raises(BlobError, match="cannot read blob"):
        store.get(sha256)
    with pytest.raises(JournalError, match="check the folder and its permissions"):
        store.put(b"picture")


@pytest.mark.parametrize("value", [None, [1, 0.5, "é"], {"b": [], "a": {}}, "text", True])
def test_json_is_stored_in_one_form(store: BlobStore, value: JsonValue) -> None:
    assert store.get_json(store.put_json(value)) == value


def test_the_order_of_keys_does_not_make_another_blob(store: BlobStore) -> None:
    assert store.put_json({"a": 1, "b": 2}) == store.put_json({"b": 2, "a": 1})


def test_bytes_that_are_not_json_are_refused_as_json(store: BlobStore) -> None:
    with pytest.raises(BlobError, match="is not JSON"):
        store.get_json(store.put(b"\xff\xd8"))


def test_many_threads_may_put_the_same_blob(store: BlobStore) -> None:
    data = os.urandom(200_000)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(store.put(data))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert store.get(found[0]) == data
    assert [file.name for file in store.path(found[0]).parent.iterdir()] == [found[0]]


def test_a_writer_that_is_killed_leaves_whole_blobs_or_none(store: BlobStore) -> None:
    for delay in range(12):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            for number in range(1000):
                data = bytes([delay, number % 256]) * 50_000
                os.write(writer, bytes.fromhex(store.put(data)))
            os._exit(0)
        os.close(writer)
        acknowledged = [os.read(reader, 32).hex() for _ in range(delay + 1)]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while rest := os.read(reader, 32):
            acknowledged.append(rest.hex())
        os.close(reader)

        root = store.path(acknowledged[0]).parent.parent
        named = {path.name for path in root.glob("??/*") if not path.name.startswith(".tmp-")}
        assert set(acknowledged) <= named
        for sha256 in named:
            assert store.get(sha256)
