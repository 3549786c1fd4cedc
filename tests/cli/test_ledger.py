import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vau_agent.cli.ledger import DONE, FAILED, LEDGER_NAME, Ledger, Row, key_of
from vau_agent.errors import VideoOpenError
from vau_agent.settings import load_settings

ROW = Row(key="k1", file="yard.mp4", state=DONE, label="normal", folder="yard-1", exit_code="0")


def test_a_ledger_gives_back_what_was_written(tmp_path: Path) -> None:
    other = replace(ROW, key="k2", state=FAILED, exit_code="3", error='bad, "very" bad')

    for row in (ROW, other):
        Ledger(tmp_path).write(row)

    assert Ledger(tmp_path).rows() == {"k1": ROW, "k2": other}


def test_a_row_of_the_same_key_is_replaced(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(replace(ROW, state=FAILED))
    ledger.write(ROW)

    assert ledger.rows() == {"k1": ROW}


@pytest.mark.parametrize("name", ["=1+1.mp4", "@a.mp4", "-b.mp4", "'quoted.mp4"])
def test_a_name_is_no_formula_in_the_file_and_itself_when_read(tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(replace(ROW, file=name))

    with ledger.path.open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert not line["file"].startswith(("=", "@", "-"))
    assert ledger.rows()["k1"].file == name


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(ROW)
    with ledger.path.open("a") as file:
        file.write("half a li")

    assert ledger.rows() == {"k1": ROW}


def test_a_file_of_another_kind_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / LEDGER_NAME).write_text("a,b\n1,2\n")

    assert Ledger(tmp_path).rows() == {}


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom vau_agent.cli.ledger import Ledger, Row\n"
        "for number in range(20):\n"
        "    key = f'{sys.argv[2]}-{number}'\n"
        "    Ledger(Path(sys.argv[1])).write(Row(key=key, file='x', state='done'))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in "abc"
    ]

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(Ledger(tmp_path).rows()) == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".{LEDGER_NAME}.lock", LEDGER_NAME]


def test_a_key_follows_content_and_settings_and_not_the_name(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"a video")
    same.write_bytes(b"a video")
    other.write_bytes(b"another")
    settings = load_settings()
    deeper = load_settings({"analysis": {"max_rounds": 7}})
    elsewhere = load_settings({"out": tmp_path, "home": tmp_path})

    assert key_of(one, settings) == key_of(same, settings) == key_of(one, elsewhere)
    assert key_of(one, settings) != key_of(other, settings)
    assert key_of(one, settings) != key_of(one, deeper)


def test_what_is_no_file_has_no_key(tmp_path: Path) -> None:
    with pytest.raises(VideoOpenError):
        key_of(tmp_path, load_settings())
