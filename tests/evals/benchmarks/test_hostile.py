"""Whatever a file holds, a reader gives samples and gaps or refuses the file by name."""

import csv
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks import smarthome, vau_bench
from vau_agent.evals.benchmarks.registry import BENCHMARKS
from vau_agent.evals.samples import Dataset

JSON_FORMATS = ["ucf-crime", "xd-violence", "hivau", "uca", "manifest"]
LINE_FORMATS = ["ucf-crime", "xd-violence"]
TABLES = {"vau-bench": vau_bench.COLUMNS, "smarthome": smarthome.COLUMNS}

numbers = st.one_of(
    st.integers(-2, 400),
    st.integers(),
    st.floats(),
    st.sampled_from([-1, 0, 10**400, 1e308, float("nan"), float("inf"), -0.0, 1e-320]),
)
words = st.one_of(
    st.sampled_from(["Normal", "normal", "Arson", "a/b.mp4", "x_label_A", "x_label_B1-0-0"]),
    st.sampled_from(["A", "G", "whole clip", "anomalous", "Abnormal", "-1", "0", "nan", "1e999"]),
    st.text(max_size=8),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)
times = st.one_of(
    values, st.lists(numbers, max_size=4), st.lists(st.lists(numbers, max_size=3), max_size=3)
)
FIELDS = {
    "video": words,
    "file": words,
    "label": st.one_of(words, st.lists(words, max_size=2), values),
    "id": words,
    "temporal_label": times,
    "length": numbers,
    "n_frames": numbers,
    "frames": numbers,
    "fps": numbers,
    "duration": numbers,
    "duration_s": numbers,
    "events": times,
    "events_s": times,
    "events_frames_0based_half_open": times,
    "clips": st.lists(times, max_size=3),
    "timestamps": times,
    "sentences": st.lists(words, max_size=3),
    "video_summary": values,
    "video_summary_split": values,
    "question": values,
    "description": values,
}
entries = st.fixed_dictionaries({}, optional=FIELDS)
documents = st.one_of(
    values, st.lists(entries, max_size=4), st.dictionaries(words, entries, max_size=4)
)


def read(name: str, content: bytes) -> Dataset | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "annotation"
        path.write_bytes(content)
        try:
            return BENCHMARKS[name].read(path)
        except BenchmarkError as error:
            assert len(str(error).splitlines()) == 1
            return None


def holds(dataset: Dataset | None) -> bool:
    if dataset is None:
        return True
    ids = [sample.id for sample in dataset.samples]
    return (
        len(ids) == len(set(ids)) > 0
        and Dataset.model_validate_json(dataset.model_dump_json()) == dataset
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", JSON_FORMATS)
@given(document=documents)
def test_any_json_is_read_or_refused(name: str, document: object) -> None:
    assert holds(read(name, json.dumps(document).encode()))


@pytest.mark.slow
@pytest.mark.parametrize("name", LINE_FORMATS)
@given(lines=st.lists(st.lists(st.one_of(words, numbers.map(str)), max_size=7), max_size=4))
def test_any_lines_are_read_or_refused(name: str, lines: list[list[str]]) -> None:
    text = "\n".join(" ".join(cells) for cells in lines)
    assert holds(read(name, text.encode("utf-8", "surrogatepass")))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TABLES))
@given(rows=st.lists(st.lists(st.one_of(words, numbers.map(str)), max_size=14), max_size=4))
def test_any_rows_are_read_or_refused(name: str, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([TABLES[name], *rows])
    assert holds(read(name, text.getvalue().encode("utf-8", "surrogatepass")))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(BENCHMARKS) - {"masks"}))
@given(content=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    assert holds(read(name, content))


@pytest.mark.slow
@given(content=st.binary(max_size=60))
def test_any_archive_of_masks_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.npz").write_bytes(content)
        with pytest.raises(BenchmarkError, match="no sample"):
            BENCHMARKS["masks"].read(Path(folder))
