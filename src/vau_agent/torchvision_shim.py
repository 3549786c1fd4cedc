"""Makes torchvision importable beside a CPU build of torch.

The public index serves torchvision for x86-64 as a CUDA build. Its compiled operators do not load
beside a CPU build of torch, and its import fails on the first one that it wants to describe; so
does every library that looks whether torchvision is there. Declaring the two operators is enough
for all that is written in Python: transforms, models, image processors. The operators themselves
stay absent. Call `install_shim` before anything that may import torchvision.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any, Final

OPERATORS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
"""What torchvision 0.28 describes while it is imported."""


def install_shim() -> None:
    """Have the operators declared the moment torchvision is first looked for.

    Costs nothing until then, does nothing once torchvision is imported or where torch was built for
    a GPU, and may be called any number of times.
    """
    waiting = any(isinstance(finder, _Declarer) for finder in sys.meta_path)
    if not waiting and "torchvision" not in sys.modules:
        # After every other finder that may do the same: an operator is declared but once.
        place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
        sys.meta_path.insert(place, _Declarer())


class _Declarer(MetaPathFinder):
    """Finds no module: it only learns when torchvision is looked for."""

    def __init__(self) -> None:
        self._library: object = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "torchvision" and self._library is None:
            self._library = _declare_operators()


def _declare_operators() -> object:
    """Give the library that holds the declarations: they live as long as it does."""
    try:
        import torch
    except ModuleNotFoundError:
        return None
    built_for_gpu = torch.version.cuda is not None or torch.version.hip is not None
    if built_for_gpu or hasattr(torch.ops.torchvision, "nms"):
        return None
    torch_library: Any = torch.library  # its classes carry no annotations
    library = torch_library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        library.define(operator)
    return library
