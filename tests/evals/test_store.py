import json
import os
from pathlib import Path

import pytest

from tests.evals.made import OPEN, dataset, header, opinion, record, sample
from vau_agent.errors import EvaluationError, SettingsError
from vau_agent.evals.store import open_store, read_records, read_samples

SAMPLES = dataset(sample("a", (1, 2)), sample("b"))


def test_records_are_read_back_in_the_order_of_writing(tmp_path: Path) -> None:
    first, second = record("b", opinion()), record("a", opinion((1, 2)))
    with open_store(tmp_path, header(2), SAMPLES) as store:
        store.append(first)
        store.append(second)

    assert read_records(tmp_path) == (header(2), (first, second))
    assert read_samples(tmp_path) == SAMPLES


def test_a_record_is_on_the_disk_when_it_is_appended(tmp_path: Path) -> None:
    with open_store(tmp_path, header(2), SAMPLES) as store:
        store.append(record("a", opinion()))

        assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 1


def test_the_last_record_of_a_sample_counts(tmp_path: Path) -> None:
    with open_store(tmp_path, header(1), SAMPLES) as store:
        store.append(record("a", None))
        store.append(record("a", opinion()))

    (kept,) = read_records(tmp_path)[1]
    assert kept.error is None


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_dropped_and_said(tmp_path: Path, cut: int) -> None:
    with open_store(tmp_path, header(2), SAMPLES) as store:
        store.append(record("a", opinion()))
        store.append(record("b", OPEN))
    path = tmp_path / "records.jsonl"
    os.truncate(path, path.stat().st_size - cut)

    (only,) = read_records(tmp_path)[1]
    with open_store(tmp_path, header(2), SAMPLES) as store:
        assert list(store.records) == [only.sample_id] == ["a"]
        assert store.warning is not None and "cut off" in store.warning
        store.append(record("b", opinion()))

    assert [one.sample_id for one in read_records(tmp_path)[1]] == ["a", "b"]


def test_a_damaged_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    with open_store(tmp_path, header(2), SAMPLES) as store:
        store.append(record("a", opinion()))
        store.append(record("b", opinion()))
    path = tmp_path / "records.jsonl"
    path.write_text("{" + path.read_text())

    with pytest.raises(EvaluationError, match="damaged in line 1"):
        read_records(tmp_path)


def test_records_made_from_something_else_are_refused_by_name(tmp_path: Path) -> None:
    with open_store(tmp_path, header(2, rounds="2"), SAMPLES) as store:
        store.append(record("a", opinion()))

    with (
        pytest.raises(SettingsError, match=r"rounds was '2', is '0'.*--fresh"),
        open_store(tmp_path, header(2, rounds="0"), SAMPLES),
    ):
        pass
    assert len(read_records(tmp_path)[1]) == 1


def test_fresh_drops_what_is_there(tmp_path: Path) -> None:
    with open_store(tmp_path, header(2, rounds="2"), SAMPLES) as store:
        store.append(record("a", opinion()))

    with open_store(tmp_path, header(2, rounds="0"), SAMPLES, fresh=True) as store:
        assert store.records == {}
    assert read_records(tmp_path) == (header(2, rounds="0"), ())


def test_a_folder_that_was_begun_and_has_no_record_takes_any_header(tmp_path: Path) -> None:
    with open_store(tmp_path, header(2, rounds="2"), SAMPLES):
        pass
    with open_store(tmp_path, header(2, rounds="0"), SAMPLES):
        pass
    assert json.loads((tmp_path / "run.json").read_text())["settings"] == {"rounds": "0"}


def test_two_processes_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with (
        open_store(tmp_path, header(2), SAMPLES),
        pytest.raises(SettingsError, match="another process is writing"),
        open_store(tmp_path, header(2), SAMPLES),
    ):
        pass


def test_a_folder_without_an_evaluation_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no evaluation"):
        read_records(tmp_path)
