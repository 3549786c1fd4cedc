"""What lies in an engine's folder, and of which model it was made."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from vau_agent.memory.embedders.base import Precision
from vau_agent.schemas import Value

CARD: Final = "engine.json"
VISION: Final = "vision.onnx"
EMBEDDING: Final = "embedding.npy"
VERSION: Final = 1


class TokenAgreement(Value):
    """How far an engine says what torch says, on a text that torch wrote."""

    likeliest: float = Field(ge=0, le=1)
    """Share of places in which both find the same token likeliest."""
    divergence: float = Field(ge=0)
    """Mean over the places of the Kullback-Leibler divergence from torch's probabilities, nats."""


class EngineCard(Value):
    """What an engine's folder says of itself."""

    version: Literal[1] = VERSION
    model: str
    """Digest of the model's folder: another model's engine is never used."""
    precision: Precision
    layers: int = Field(ge=1)
    kv_heads: int = Field(ge=1)
    head: int = Field(ge=1)
    """Channels of one head."""
    reading: str
    """File of the graph for many tokens; of the one for a single token below."""
    writing: str
    agreement: TokenAgreement | None = None
    """`None` only while the engine is being made."""


def load_card(folder: Path) -> EngineCard | None:
    """Read a folder's card; `None` where there is none that this version understands."""
    try:
        return EngineCard.model_validate_json((folder / CARD).read_bytes())
    except (OSError, ValidationError):
        return None
