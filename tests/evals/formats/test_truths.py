"""Which benchmark a file of truth belongs to."""

import json
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.formats.truths import read_truth, video_id

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "annotations"


def test_a_file_that_two_can_read_goes_to_the_one_that_uses_more_of_it(tmp_path: Path) -> None:
    path = tmp_path / "xd.json"
    entries = [
        {"video": f"v{number}_label_{label}", "temporal_label": times, "length": 90}
        for number, (label, times) in enumerate([("B4-0-0", [3, 9]), ("A", []), ("A", [])])
    ]
    path.write_text(json.dumps(entries))
    assert read_truth(path, {"v0_label_B4-0-0"}).benchmark == "xd-violence"


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not beside the project")
@pytest.mark.parametrize(
    ("file", "benchmark", "samples"),
    [
        ("ucf_crime/UCF_Eval.json", "ucf-crime", 290),
        ("ucf_crime/Temporal_Anomaly_Annotation.txt", "ucf-crime", 290),
        ("xd_violence/xd_test_800.json", "xd-violence", 800),
        ("xd_violence/annotations.txt", "xd-violence", 500),
        ("vau_bench/val.csv", "vau-bench", 734),
        ("smarthome/Video_Annotation.csv.gz", "smarthome", 1203),
    ],
)
def test_published_annotations_are_told_by_their_content(
    file: str, benchmark: str, samples: int
) -> None:
    dataset = read_truth(DATA / file, frozenset())
    assert (dataset.benchmark, len(dataset.samples)) == (benchmark, samples)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("a.mp4", "a"),
        ("folder/a.MKV", "a"),
        ("A.Film.2001__#00-01_label_A", "A.Film.2001__#00-01_label_A"),
        (" a ", "a"),
    ],
)
def test_only_endings_of_videos_are_dropped(name: str, id_: str) -> None:
    assert video_id(name) == id_


def test_a_file_of_no_benchmark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("nothing")
    with pytest.raises(BenchmarkError, match="no annotation of"):
        read_truth(path, frozenset())
