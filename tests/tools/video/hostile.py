"""Malformed video files, made from sound ones by seeded chance, and a few made by hand."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

_BOXES: Final = (
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stts", b"ctts", b"stsc", b"stsz",
    b"stco", b"mdat", b"elst", b"mdhd", b"avcC",
)  # fmt: skip


def mutated(sound: Sequence[bytes], count: int, *, seed: int) -> Iterator[bytes]:
    """Damage sound files: flipped bytes, cut tails, holes, repeats, sizes of boxes."""
    chance = random.Random(seed)
    ways = (_flip, _flip_header, _cut, _hole, _repeat, _resize_box)
    for number in range(count):
        data = bytearray(sound[number % len(sound)])
        ways[number // len(sound) % len(ways)](data, chance)
        yield bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 16, 64))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def _flip_header(data: bytearray, chance: random.Random) -> None:
    spans = ((0, min(2048, len(data))), (max(0, len(data) - 2048), len(data)))
    for _ in range(chance.choice((1, 2, 4, 8))):
        data[chance.randrange(*chance.choice(spans))] = chance.choice((0, 1, 127, 128, 255))


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, len(data)) :]


def _hole(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 400)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.randrange(1, 400)]


def _resize_box(data: bytearray, chance: random.Random) -> None:
    places = [place for name in _BOXES if (place := data.find(name)) >= 4]
    place = chance.choice(places) - 4 if places else chance.randrange(len(data) - 4)
    size = chance.choice((0, 1, 7, 8, 2**31 - 1, 2**31, 2**32 - 1, chance.randrange(2**20)))
    data[place : place + 4] = struct.pack(">I", size)


def patched(data: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes `offset` after a box's name, wherever the box occurs first."""
    place = data.index(box) + len(box) + offset
    return data[:place] + value + data[place + len(value) :]


MP4_EDITS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "timescale-0": lambda data: patched(data, b"mdhd", 12, bytes(4)),
    "duration-2^31": lambda data: patched(data, b"mdhd", 16, b"\x7f\xff\xff\xff"),
    "duration-0": lambda data: patched(data, b"mdhd", 16, bytes(4)),
    "claims-2^32-frames": lambda data: patched(data, b"stts", 8, b"\xff\xff\xff\xff"),
    "claims-1e9-sizes": lambda data: patched(data, b"stsz", 8, struct.pack(">I", 10**9)),
    "one-tick-frames": lambda data: patched(data, b"stts", 12, struct.pack(">I", 1)),
    "zero-tick-frames": lambda data: patched(data, b"stts", 12, bytes(4)),
    "claims-16k-pictures": lambda data: patched(data, b"avc1", 24, b"\x3e\x80\x3e\x80"),
    "chunks-outside": lambda data: patched(data, b"stco", 8, b"\x7f\xff\xff\xff"),
    "unknown-codec": lambda data: data.replace(b"avc1", b"zzzz"),
    "no-sps": lambda data: patched(data, b"avcC", 5, b"\xe0\x00\x00"),
    "nested-boxes": lambda data: (
        data[:-1]
        + b"".join(struct.pack(">I", 8 * (4000 - depth)) + b"moov" for depth in range(4000))
    ),
    "big-metadata": lambda data: (
        data + struct.pack(">I", 8 + (1 << 20)) + b"udta" + b"\xa9nam" * (1 << 18)
    ),
    "negative-edit": lambda data: patched(data, b"elst", 8, b"\x00\x00\x10\x00\xff\xff\xff\xfe"),
}

DISGUISES: Final[dict[str, str]] = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{target}\n#EXT-X-ENDLIST\n",
    "hls-http": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "concat-late": "\n\n  ffconcat version 1.0\nfile '{target}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD><Period><BaseURL>file://{target}</BaseURL></Period></MPD>',
    "webvtt": "WEBVTT\n\n00:00.000 --> 00:09.000\n<img src=file://{target}>\n",
    "ass": "[Script Info]\nTitle: x\n[Events]\nDialogue: 0,0:00:00,0:00:09,,{target}\n",
    "srt": "1\n00:00:00,000 --> 00:00:09,000\nfile://{target}\n",
    "smil": "<smil><body><video src='file://{target}'/></body></smil>",
    "pls": "[playlist]\nFile1=file://{target}\n",
    "metadata": ";FFMETADATA1\ntitle={target}\n",
}
