"""Numbers from MATLAB's level 5 files, and nothing else of them.

scipy's reader ends the whole process on some damaged files (a wrong size in a tag makes it read
beyond its buffer), and files of predictions come from anywhere. Here every length is checked.
Source: MathWorks, "MAT-File Format", level 5.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import PredictionError

MAX_BYTES: Final = 64 * 2**20
"""Of a file, and of what is packed in it."""
HEADER: Final = 128
MATRIX: Final = 14
PACKED: Final = 15
NUMBERS: Final = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
"""Type codes of plain numbers, in numpy's names."""


def read_arrays(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the arrays of real numbers in a file, flattened, by name; others are left out.

    Raises:
        PredictionError: It is no level 5 file, or is damaged.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PredictionError(f"{path} cannot be read: {error.strerror or error}") from error
    order = {b"IM": "<", b"MI": ">"}.get(content[126:HEADER])
    if order is None or len(content) > MAX_BYTES:
        raise PredictionError(f"{path} is no MATLAB level 5 file of at most {MAX_BYTES} bytes")
    try:
        return dict(_arrays(content[HEADER:], order))
    except (ValueError, zlib.error) as error:
        raise PredictionError(f"{path} is a damaged MATLAB file: {error}") from error


def _arrays(content: bytes, order: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for code, body in _elements(content, order, aligned=False):
        if code == PACKED:
            unpacker = zlib.decompressobj()
            body = unpacker.decompress(body, MAX_BYTES)
            if not unpacker.eof:
                raise ValueError("a packed array does not end")
            inner = [part for kind, part in _elements(body, order) if kind == MATRIX]
        else:
            inner = [body] if code == MATRIX else []
        for matrix in inner:
            parts = list(_elements(matrix, order))
            if len(parts) >= 4 and parts[3][0] in NUMBERS:
                name = parts[2][1].decode("ascii", "replace")
                yield name, _numbers(parts[3], parts[1], order)


def _numbers(
    values: tuple[int, bytes], dimensions: tuple[int, bytes], order: str
) -> NDArray[np.float64]:
    array = np.frombuffer(values[1], dtype=order + NUMBERS[values[0]])
    shape = np.frombuffer(dimensions[1], dtype=f"{order}i4")
    if int(np.prod(shape, dtype=object)) != len(array):
        raise ValueError(f"an array of shape {shape.tolist()} has {len(array)} numbers")
    return array.astype(np.float64)


def _elements(content: bytes, order: str, *, aligned: bool = True) -> Iterator[tuple[int, bytes]]:
    """Give type and body of each element; `aligned` ones start at multiples of 8 bytes."""
    place = 0
    while place < len(content):
        tag = np.frombuffer(content[place : place + 8].ljust(8, b"\0"), dtype=f"{order}u4")
        first, size = int(tag[0]), int(tag[1])
        if first >> 16:  # a small element: both in four bytes, the body in the other four
            code, size, start = first & 0xFFFF, first >> 16, place + 4
            following = place + 8
        else:
            code, start = first, place + 8
            following = start + (-(-size // 8) * 8 if aligned else size)
        body = content[start : start + size]
        if len(body) != size or (first >> 16 and size > 4):
            raise ValueError(f"an element of {size} bytes does not fit at byte {place}")
        yield code, body
        place = following
