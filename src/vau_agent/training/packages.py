"""Which packages training needs; asked for before anything is begun."""

from importlib.util import find_spec
from typing import Final

from vau_agent.errors import MissingDependencyError

DRAWING: Final = ("cv2",)
"""Scenes, and clips of them."""
LEARNING: Final = (
    *DRAWING,
    "torch",
    "timm",
    "transformers",
    "peft",
    "trl",
    "datasets",
    "onnxruntime",
)
"""Every stage, and what asks a trained model."""


def require(packages: tuple[str, ...]) -> None:
    """See that packages are installed, without importing them.

    Raises:
        MissingDependencyError: One is not.
    """
    absent = [name for name in packages if find_spec(name) is None]
    if absent:
        raise MissingDependencyError(
            f"this needs {', '.join(absent)}; type: pip install 'vau-agent[local,train]'"
        )
