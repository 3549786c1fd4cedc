import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks import files
from vau_agent.evals.benchmarks.files import read_json, read_named, read_rows, read_text
from vau_agent.evals.benchmarks.registry import BENCHMARKS


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_text_is_read_packed_or_not(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "any"
    path.write_bytes(pack("\ufeffgrün".encode()))

    assert read_text(path) == "grün"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x1f\x8b", "cannot be read"),
        (b"\x1f\x8bnonsense", "cannot be read"),
        (gzip.compress(b"x" * 999)[:-9] + b"12345678", "cannot be read"),
    ],
)
def test_damaged_text_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)

    with pytest.raises(BenchmarkError, match=said):
        read_text(path)


def test_absent_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(BenchmarkError, match=r"cannot be read: (No such|Is a)"):
            read_text(path)


@pytest.mark.slow
def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    block = gzip.compress(bytes(2**24))
    path.write_bytes(block * (files.MAX_BYTES // 2**24 + 1))

    with pytest.raises(BenchmarkError, match="is it an annotation"):
        read_text(path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 5000, ""])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)

    with pytest.raises(BenchmarkError, match="is not JSON"):
        read_json(path)


def test_repeated_keys_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": {"x": {"y": 1}}, "a": {"x": 2}}')

    assert read_named(path) == [("a", {"x": {"y": 1}}), ("a", {"x": 2})]


def test_rows_know_their_place_and_short_ones_are_filled(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(" One ,TWO\n1,2\n\n3\n4,5,6\n")

    assert read_rows(path, ["One", "two"]) == [
        ("row 2", {"one": "1", "two": "2"}),
        ("row 3", {"one": "3", "two": ""}),
        ("row 4", {"one": "4", "two": "5"}),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "columns found: none"),
        ("a,b\n", "lacks the column 'One'; columns found: 'a', 'b'"),
        ('one\n"open', "not a CSV table"),
        ("one\n" + "x" * 200_000, "not a CSV table"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)

    with pytest.raises(BenchmarkError, match=said):
        read_rows(path, ["One"])


def test_names_in_a_file_cannot_break_a_message(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"A": {"\r\n" + "x" * 999: 1}}))

    with pytest.raises(BenchmarkError) as refused:
        BENCHMARKS["hivau"].read(path)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 300 + len(str(path))
