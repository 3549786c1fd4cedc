"""Telling that memory ran out from every other failure."""

from typing import Final

_SIGNS: Final = ("not enough memory", "can't allocate memory", "out of memory")
"""What the allocators of CPUs say in a bare RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a GPU, the machine, or Python itself had no memory left."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in said for sign in _SIGNS)
