"""Pixel masks, one of every frame, as UCSD Ped2 has them: a frame is anomalous where any pixel is.

A folder that holds, for each video, either `NAME.npz` or a folder `NAME` (or `NAME_gt`) of mask
pictures in the order of their names. An `.npz` holds one array of frames x height x width, or the
same packed eight pixels to a byte (`packed`, frames x bytes, and `shape`). Masks count frames and
know no clock: spans are given, times in seconds are not.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import MAX_BYTES
from vau_agent.evals.benchmarks.values import UnusableItemError
from vau_agent.evals.samples import Dataset, FrameSpan, Sample, Truth

PICTURES: Final = frozenset({".bmp", ".png", ".tif", ".tiff", ".gif", ".jpg"})
_DIGITS: Final = re.compile(r"(\d+)")


def read(path: Path) -> Dataset:
    """Read a folder of masks.

    Raises:
        BenchmarkError: It is no folder, or holds no masks.
    """
    if not path.is_dir():
        raise BenchmarkError(f"{path} is no folder; give the folder that holds the masks")
    samples, gaps = collect(_entries(path), _from_masks, path)
    return Dataset(
        benchmark="masks",
        annotation=f"{path.name}: masks of every frame",
        samples=samples,
        gaps=gaps,
    )


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".npz" or (path.is_dir() and _pictures(path)):
            yield path.stem.removesuffix("_gt"), path


def _pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder, `9.bmp` before `10.bmp`."""
    pictures = (path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    return sorted(pictures, key=lambda path: _natural(path.stem))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = _DIGITS.split(name)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def _from_masks(name: str, path: Path) -> Iterator[Item]:
    flags = _picture_flags(path) if path.is_dir() else _array_flags(path)
    if not flags.size:
        raise UnusableItemError("wrong-length", f"{path.name} holds no frame")
    spans = runs(flags)
    yield Sample(
        id=name,
        source="masks",
        video=f"{name}.mp4",
        truth=Truth(anomalous=bool(spans), events=None if spans else (), spans=spans),
        frames=int(flags.size),
    )


def runs(flags: NDArray[np.bool_]) -> tuple[FrameSpan, ...]:
    """Return the half-open spans in which `flags` (one of each frame) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return tuple(
        FrameSpan(start=int(start), end=int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _picture_flags(folder: Path) -> NDArray[np.bool_]:
    flags = []
    for path in _pictures(folder):
        try:
            with Image.open(path) as picture:
                flags.append(picture.convert("L").getbbox() is not None)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnusableItemError("unreadable", f"{path.name}: {error}") from error
    return np.array(flags, dtype=np.bool_)


def _array_flags(path: Path) -> NDArray[np.bool_]:
    arrays = _arrays(path)
    if {"packed", "shape"} <= arrays.keys():
        return _packed_flags(path.name, arrays["packed"], arrays["shape"])
    stacks = [array for array in arrays.values() if array.ndim == 3]
    if len(stacks) != 1:
        found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
        raise UnusableItemError(
            "missing-field", f"one array of frames x height x width is wanted, found: {found}"
        )
    return _any_pixel(path.name, stacks[0])


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise UnusableItemError("unreadable", f"{path.name} unpacks to {size} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UnusableItemError("unreadable", f"{path.name}: {error}") from error


def _packed_flags(
    name: str, packed: NDArray[np.generic], shape: NDArray[np.generic]
) -> NDArray[np.bool_]:
    if packed.dtype != np.uint8 or packed.ndim != 2 or shape.shape != (3,):
        raise UnusableItemError("unreadable", f"{name}: packed {packed.shape}, shape {shape}")
    sizes = [int(size) for size in shape.tolist()]
    pixels = sizes[1] * sizes[2]
    if sizes[0] != packed.shape[0] or -(-pixels // 8) != packed.shape[1]:
        raise UnusableItemError(
            "wrong-length", f"{name}: {packed.shape} bytes do not hold masks of {sizes}"
        )
    # Bits after the last pixel are padding.
    rows = np.unpackbits(packed.astype(np.uint8, copy=False), axis=1, count=pixels)
    return _any_pixel(name, rows.reshape(sizes))


def _any_pixel(name: str, masks: NDArray[np.generic]) -> NDArray[np.bool_]:
    if masks.dtype.kind not in "buif":
        raise UnusableItemError("unreadable", f"{name}: masks of type {masks.dtype}")
    if masks.dtype.kind == "f" and not np.isfinite(masks.astype(np.float64)).all():
        raise UnusableItemError("not-a-number", f"{name}: a mask holds no finite number")
    flags: NDArray[np.bool_] = (masks != 0).any(axis=(1, 2))
    return flags


MASKS: Final = Benchmark(
    name="masks",
    title="Pixel masks of every frame (UCSD Ped2 and its like)",
    annotations="a folder with NAME.npz or a folder of mask pictures for each video",
    read=read,
)
