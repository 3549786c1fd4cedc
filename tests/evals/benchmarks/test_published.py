"""The published files give the numbers that are known of them."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from vau_agent.evals.benchmarks.registry import find_benchmark
from vau_agent.evals.formats.corevad import read_answers
from vau_agent.evals.formats.frame_truth import frame_labels
from vau_agent.evals.samples import Dataset, FrameSpan


def read(folder: Path, name: str, place: str) -> Dataset:
    return find_benchmark(name).read(folder / place)


def kinds(dataset: Dataset) -> dict[str, int]:
    return dict(Counter(gap.kind for gap in dataset.gaps))


def covered(spans: tuple[FrameSpan, ...] | None) -> set[int]:
    return {frame for span in spans or () for frame in range(span.start, span.end)}


def test_the_annotations_of_ucf_crime_differ_in_14_videos(published_annotations: Path) -> None:
    folder = published_annotations / "annotations" / "ucf_crime"
    older = read(folder, "ucf-crime", "Temporal_Anomaly_Annotation.txt")
    later = read(folder, "ucf-crime", "UCF_Eval.json")

    assert older.gaps == later.gaps == ()
    assert len(older.samples) == len(later.samples) == 290
    spans = {one.id: one.truth.spans for one in older.samples}
    lengths = {one.id: one.frames for one in later.samples}
    differ = []
    for one in later.samples:
        frames = lengths[one.id] or 0
        old, new = (frame_labels(s or (), frames) for s in (spans[one.id], one.truth.spans))
        if not np.array_equal(old, new):
            differ.append(one.id)
    assert len(differ) == 14
    assert [one.truth.category for one in older.samples] == [
        one.truth.category for one in later.samples
    ]


def test_corevads_149_videos_have_the_expected_frames(published_annotations: Path) -> None:
    expected = json.loads((published_annotations / "expected.json").read_text("utf-8"))
    raw = expected["corevad_ucf_crime (half of the test videos)"]["raw"]
    answers, _ = read_answers(
        published_annotations / "predictions" / "corevad_ucf_crime" / "responses.json.gz"
    )
    dataset = read(published_annotations, "ucf-crime", "annotations/ucf_crime/UCF_Eval.json")
    present = [one for one in dataset.samples if one.id in answers]
    labels = [frame_labels(one.truth.spans or (), one.frames or 0) for one in present]

    assert len(present) == raw["videos"]
    assert sum(map(len, labels)) == raw["frames"]
    assert sum(int(one.sum()) for one in labels) == raw["anomalous_frames"]


def test_xd_violence(published_annotations: Path) -> None:
    folder = published_annotations / "annotations" / "xd_violence"
    lines = read(folder, "xd-violence", "annotations.txt")
    classes = read(folder, "xd-violence", "annotations_multiclasses.txt")
    whole = read(folder, "xd-violence", "xd_test_800.json")

    assert (len(lines.samples), lines.gaps) == (500, ())
    assert (len(classes.samples), classes.gaps) == (500, ())
    assert len(whole.samples) == 800
    assert sum(one.truth.anomalous for one in whole.samples) == 500
    assert kinds(whole) == {"no-times": 14}
    spans = {one.id: one.truth.spans for one in lines.samples}
    assert all(spans[one.id] == one.truth.spans for one in whole.samples if one.truth.spans)
    assert [one.id for one in lines.samples] == [one.id for one in classes.samples]
    differ = [one for one in classes.samples if covered(one.truth.spans) != covered(spans[one.id])]
    assert len(differ) == 5


def test_vau_bench(published_annotations: Path) -> None:
    dataset = read(published_annotations, "vau-bench", "annotations/vau_bench/val.csv")

    assert Counter(one.source for one in dataset.samples) == {"ecva": 339, "ucf": 299, "msad": 96}
    timed = Counter(one.source for one in dataset.samples if one.truth.events)
    assert timed == {"ecva": 310, "msad": 29}
    assert all(one.question for one in dataset.samples)
    assert kinds(dataset) == {"no-times": 29 + 152}


@pytest.mark.parametrize(
    ("name", "place", "samples", "anomalous", "gaps"),
    [
        ("uca", "annotations/uca/UCFCrime_Val.json", 379, 162, {"no-times": 162}),
        ("smarthome", "annotations/smarthome/Video_Annotation.csv.gz", 1203, 649, {}),
        ("masks", "ground_truth/ped2_masks", 4, 4, {}),
        ("manifest", "manifest.json", 31, 20, {"no-times": 6}),
    ],
)
def test_the_others_have_as_many_samples_as_published(
    published_annotations: Path,
    name: str,
    place: str,
    samples: int,
    anomalous: int,
    gaps: dict[str, int],
) -> None:
    dataset = read(published_annotations, name, place)

    assert len(dataset.samples) == samples
    assert sum(one.truth.anomalous for one in dataset.samples) == anomalous
    assert kinds(dataset) == gaps


def test_masks_and_manifest_agree_on_ped2(published_annotations: Path) -> None:
    masks = read(published_annotations, "masks", "ground_truth/ped2_masks")
    clips = read(published_annotations, "manifest", "manifest.json")
    by_name = {Path(one.video).stem: one for one in clips.samples}

    for one in masks.samples:
        clip = by_name[one.id]
        assert (one.frames, one.truth.spans) == (clip.frames, clip.truth.spans)


def test_hivau_reads_its_example(published_annotations: Path, tmp_path: Path) -> None:
    texts = json.loads(
        (published_annotations / "ground_truth" / "reference_text.json").read_text("utf-8")
    )
    path = tmp_path / "hivau.json"
    path.write_text(json.dumps({name: entry["hivau"] for name, entry in texts.items()}))
    dataset = find_benchmark("hivau").read(path)

    (sample,) = dataset.samples
    assert dataset.gaps == ()
    assert sample.frames == 673
    assert sample.truth.events
    assert sample.description
    assert sample.reasoning
