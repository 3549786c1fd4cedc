from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.masks import read, runs
from vau_agent.evals.samples import FrameSpan


def stack(*anomalous: int, frames: int = 12) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    masks = np.zeros((frames, 5, 7), dtype=np.uint8)
    masks[list(anomalous), 2, 3] = 255
    return masks


def test_an_array_of_masks_becomes_spans(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "one.npz", masks=stack(3, 4, 5, 11))
    np.savez_compressed(tmp_path / "two.npz", masks=stack())
    one, two = read(tmp_path).samples

    assert (one.id, one.frames) == ("one", 12)
    assert one.truth.spans == (FrameSpan(start=3, end=6), FrameSpan(start=11, end=12))
    assert one.truth.events is None
    assert not two.truth.anomalous


def test_packed_masks_ignore_the_padding(tmp_path: Path) -> None:
    masks = stack(0, 1) > 0
    packed = np.packbits(masks.reshape(12, -1), axis=1)
    packed[:, -1] |= 0b00000001  # 35 pixels leave five bits of padding
    np.savez_compressed(tmp_path / "one.npz", packed=packed, shape=np.array([12, 5, 7]))

    (one,) = read(tmp_path).samples
    assert one.truth.spans == (FrameSpan(start=0, end=2),)


def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "Test001_gt"
    folder.mkdir()
    for number, mask in enumerate(stack(9, 10), start=1):
        Image.fromarray(mask).save(folder / f"{number}.bmp")

    (one,) = read(tmp_path).samples
    assert one.id == "Test001"
    assert one.truth.spans == (FrameSpan(start=9, end=11),)


@pytest.mark.parametrize(
    ("arrays", "kind"),
    [
        ({"a": np.zeros((4, 4))}, "missing-field"),
        ({"a": np.zeros((4, 4, 4)), "b": np.zeros((4, 4, 4))}, "missing-field"),
        ({"a": np.zeros((0, 4, 4))}, "wrong-length"),
        ({"a": np.full((2, 4, 4), np.nan)}, "not-a-number"),
        ({"a": np.array([[["x"]]])}, "unreadable"),
        ({"a": np.array([[[None]]])}, "unreadable"),
        ({"packed": np.zeros((4, 2), np.uint8), "shape": np.array([4, 5, 5])}, "wrong-length"),
        ({"packed": np.zeros((4, 2), np.uint8), "shape": np.array([4, 5])}, "unreadable"),
        ({"packed": np.zeros((4, 2)), "shape": np.array([4, 4, 4])}, "unreadable"),
    ],
)
def test_a_bad_array_is_a_gap(tmp_path: Path, arrays: dict[str, object], kind: str) -> None:
    np.savez(tmp_path / "good.npz", masks=stack(1))
    np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]  # any value is saved
    dataset = read(tmp_path)

    assert [one.id for one in dataset.samples] == ["good"]
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("bad", kind)]


def test_damaged_files_are_gaps(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", masks=stack(1))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "good.npz").read_bytes()[:200])
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.bmp").write_bytes(b"BM not a picture")
    dataset = read(tmp_path)

    assert [one.id for one in dataset.samples] == ["good"]
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [
        ("cut", "unreadable"),
        ("pictures", "unreadable"),
    ]


def test_a_file_or_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no sample"):
        read(tmp_path)
    with pytest.raises(BenchmarkError, match="no folder"):
        read(tmp_path / "absent")


@given(st.lists(st.booleans(), max_size=40))
def test_runs_cover_exactly_the_true_flags(flags: list[bool]) -> None:
    spans = runs(np.array(flags, dtype=np.bool_))
    covered = [place for span in spans for place in range(span.start, span.end)]

    assert covered == [place for place, flag in enumerate(flags) if flag]
    assert all(later.start > earlier.end for earlier, later in pairwise(spans))
