"""Messages between a reader and its decoding child: a JSON header and raw bytes, no pickle.

The child is not trusted: what it sends is bounded by the caller before memory is set aside.
"""

import json
import os
import struct
from collections.abc import Callable, Mapping
from typing import Final, cast

Header = dict[str, object]
ReadInto = Callable[[memoryview], None]
"""Fills the whole buffer or raises."""

MAX_HEADER_BYTES: Final = 1 << 20

_PREFIX: Final = struct.Struct("<IQ")


def send(fd: int, header: Mapping[str, object], payload: bytes | memoryview = b"") -> None:
    """Write one message, blocking until the other side has room for it."""
    head = json.dumps(header).encode()
    parts = [memoryview(_PREFIX.pack(len(head), len(payload)) + head), memoryview(payload)]
    while parts:
        written = os.writev(fd, parts)
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][written:]


def receive(read_into: ReadInto, *, max_payload: int) -> tuple[Header, bytearray]:
    """Read one message.

    Raises:
        ValueError: The message breaks the format or is larger than allowed.
    """
    prefix = bytearray(_PREFIX.size)
    read_into(memoryview(prefix))
    head_size, payload_size = _PREFIX.unpack(prefix)
    if head_size > MAX_HEADER_BYTES or payload_size > max_payload:
        raise ValueError(f"message of {head_size} + {payload_size} bytes is too large")
    head = bytearray(head_size)
    read_into(memoryview(head))
    header = json.loads(head)
    if not isinstance(header, dict):
        raise ValueError("message header is not an object")
    payload = bytearray(payload_size)
    if payload_size:
        read_into(memoryview(payload))
    return cast(Header, header), payload
