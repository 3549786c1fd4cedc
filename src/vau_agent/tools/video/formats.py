"""What is read: containers and codecs by name, everything else is refused.

Left out on purpose: playlists and scripts (they open other files), still pictures, network
formats, JPEG 2000 and rare decoders that few people test.
"""

from typing import Final

FORMATS: Final = frozenset(
    {
        "mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "dhav", "nut",
    }
)  # fmt: skip
"""First name of each demuxer."""

FORMAT_ALLOWLIST: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dhav,nut"
)

CODECS: Final = frozenset(
    {
        "av1", "cinepak", "dnxhd", "dvvideo", "ffv1", "flv1", "h263", "h264", "hevc", "huffyuv",
        "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3",
        "msvideo1", "prores", "rawvideo", "theora", "utvideo", "vc1", "vp8", "vp9", "wmv1",
        "wmv2", "wmv3",
    }
)  # fmt: skip
"""Names of the compressions."""

DECODERS: Final = frozenset(
    (CODECS - {"flv1", "msmpeg4v3"})
    | {"flv", "libdav1d", "libvpx", "libvpx-vp9", "msmpeg4", "msmpeg4v1", "mpegvideo"}
)
"""Names of the decoders the library may start; no audio decoder is among them."""

SUFFIXES: Final = frozenset(
    {
        ".3gp", ".asf", ".avi", ".dav", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
        ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv",
    }
)  # fmt: skip
"""What counts as a video inside a folder; a file that is named itself may be called anything."""

_PLAYLISTS: Final = (
    b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml", b"<MPD", b"<smil", b"[playlist]", b"[Reference]",
    b"WEBVTT", b"[Script Info]", b"{\\rtf", b"<html", b"<SAMI", b"RIFFlist", b";FFMETADATA",
)  # fmt: skip


def looks_like_script(head: bytes) -> bool:
    """Tell whether a file begins as a playlist, a session description or subtitles."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.lower().startswith(tuple(mark.lower() for mark in _PLAYLISTS))
