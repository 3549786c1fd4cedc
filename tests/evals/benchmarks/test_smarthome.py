import gzip
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.smarthome import read

TABLE = """\
\ufeffTitle,Category,Anomaly Tag,Video Description,Reasoning behind Normality/Anomalies
clip_1,Wildlife,Abnormal,"A bear, at the door.",Bears do not knock.
clip_2,Security,Vague Abnormal,A man waits.,Perhaps a guest.
clip_3,Pet Monitoring,normal,A dog sleeps.,Dogs sleep.
"""


@pytest.mark.parametrize("packed", [True, False])
def test_tags_tell_what_is_anomalous(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(gzip.compress(TABLE.encode()) if packed else TABLE.encode())
    dataset = read(path)

    assert [(one.id, one.truth.anomalous, one.truth.category) for one in dataset.samples] == [
        ("clip_1", True, "Wildlife"),
        ("clip_2", True, "Security"),
        ("clip_3", False, None),
    ]
    assert dataset.samples[0].description == "A bear, at the door."
    assert "vague" in dataset.annotation
    assert dataset.gaps == ()


def test_bad_rows_are_gaps(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE + "clip_4,Security,Odd,,\nclip_1,Security,Normal,,\n,Security,Normal,,\n")
    dataset = read(path)

    assert len(dataset.samples) == 3
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [
        ("clip_4", "missing-truth"),
        ("clip_1", "duplicate-id"),
        ("row 7", "missing-field"),
    ]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE.replace("Anomaly Tag", "Tag"))

    with pytest.raises(BenchmarkError, match="'Anomaly Tag'"):
        read(path)


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TABLE.encode())[:-20])

    with pytest.raises(BenchmarkError, match="cannot be read"):
        read(path)
