"""A folder of weights, before anything of it is loaded: is it all there, and which one is it?"""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vau_agent.agent.receipts import RECEIPT_NAME
from vau_agent.errors import GenerationError

ADAPTER_CONFIG: Final = "adapter_config.json"
SAMPLES: Final = 64
"""Places of each weights file that go into the digest: reading gigabytes would take minutes."""
SAMPLE_BYTES: Final = 65_536
_PICKLED: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_PROCESSORS: Final = ("processor_config.json", "preprocessor_config.json")
_DESCRIBING: Final = ("*.json", "*.jinja", "*.model", "merges.txt")


def check_folder(folder: Path) -> None:
    """See that a folder holds a model that can be loaded here.

    Raises:
        GenerationError: Something is missing, cut short, or of a kind that is not loaded.
    """
    if not (folder / "config.json").is_file():
        raise _fault(folder, "holds no config.json", "point at the folder that does")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        if any(True for pattern in _PICKLED for _ in folder.glob(pattern)):
            raise _fault(
                folder,
                "holds pickled weights only, and opening those can run code",
                "convert them to safetensors where you trust them",
            )
        raise _fault(folder, "holds no weights (*.safetensors)", "pull the model again")
    for file in (*_indexed(folder), *weights):
        _check_weights(folder, file)
    if not any((folder / name).is_file() for name in _PROCESSORS):
        raise _fault(
            folder,
            "holds no processor (preprocessor_config.json)",
            "a policy that sees needs one: pull the model again",
        )


def digest_folder(folder: Path) -> str:
    """Tell one model from another: digest of what describes it and of samples of its weights.

    Not a proof that no byte was altered: `models show` and the pull check whole files.
    """
    digest = hashlib.sha256()
    described = {file for pattern in _DESCRIBING for file in folder.glob(pattern)}
    described.discard(folder / RECEIPT_NAME)  # written after all that it tells of
    for file in sorted(described):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        for sample in _samples(file):
            digest.update(sample)
    return digest.hexdigest()


def _samples(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    step = max(SAMPLE_BYTES, size // SAMPLES)
    with file.open("rb") as opened:
        for start in range(0, size, step):
            opened.seek(start)
            yield opened.read(SAMPLE_BYTES)


def _indexed(folder: Path) -> set[Path]:
    """Give the files that an index of several wants."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return set()
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _fault(folder, f"has a damaged {index.name}", "pull the model again") from error
    return {folder / str(name) for name in names}


def _check_weights(folder: Path, file: Path) -> None:
    """See that a file is as long as its header says: a broken-off copy is the usual damage."""
    if not file.is_file():
        raise _fault(folder, f"lacks {file.name}", "pull the model again")
    size = file.stat().st_size
    try:
        with file.open("rb") as opened:
            (header_bytes,) = struct.unpack("<Q", opened.read(8))
            header = json.loads(opened.read(min(header_bytes, size)))
        ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
        wanted = 8 + header_bytes + max(ends, default=0)
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise _fault(folder, f"has a damaged {file.name}", "pull the model again") from error
    if size != wanted:
        raise _fault(
            folder, f"has {size} bytes of {file.name}, which is {wanted}", "pull the model again"
        )


def _fault(folder: Path, fault: str, remedy: str) -> GenerationError:
    return GenerationError(f"model folder {str(folder)!r} {fault}; {remedy}")
