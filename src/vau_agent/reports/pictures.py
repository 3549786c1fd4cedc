"""Pictures inside the report: small enough to embed, named by what they show."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from typing import Final

from PIL import Image, UnidentifiedImageError

from vau_agent.errors import BlobError

LoadPicture = Callable[[str], bytes]
"""Gives the JPEG picture of a sha256 digest."""

CITED_SIDE: Final = 560
"""Longest side of a cited frame in the report; `thumbs/` holds the picture as it was looked at."""
SHEET_SIDE: Final = 176
"""Longest side in the sheet of all frames."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def load_checked(load: LoadPicture, sha256: str) -> bytes:
    """Load a picture and make sure that it is the one its digest names.

    Raises:
        BlobError: The digest is no sha256, or the picture does not match it.
    """
    if not _DIGEST.fullmatch(sha256):
        raise BlobError(f"{sha256!r} is no sha256 digest; the result is damaged, run it again")
    picture = load(sha256)
    if hashlib.sha256(picture).hexdigest() != sha256:
        raise BlobError(f"picture {sha256[:12]} does not match its digest; run the analysis again")
    return picture


def data_uri(jpeg: bytes, *, longest_side: int) -> str:
    """Shrink a picture and write it as a `data:` address.

    Raises:
        BlobError: The picture cannot be read.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            picture.thumbnail((longest_side, longest_side))
            out = io.BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=82)
    except (UnidentifiedImageError, OSError) as error:
        raise BlobError(f"a picture of the report cannot be read: {error}") from error
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")
