"""How nano wants to be asked, and how a model's folder is told so."""

from pathlib import Path
from typing import Final

from vau_agent.agent.profile import PROFILE_FILE, ModelProfile

NANO_PROFILE: Final = ModelProfile(
    prompts="compact",
    pictures="motion",
    frames_per_window=8,
    frames_per_zoom=8,
    window_seconds=40.0,
    max_new_tokens=96,
    reflection="critique",
    detector=True,
)


def write_profile(folder: Path, profile: ModelProfile) -> None:
    """Tell in a model's folder how it wants to be asked."""
    text = profile.model_dump_json(indent=2, exclude_defaults=True)
    (folder / PROFILE_FILE).write_text(text + "\n", encoding="utf-8")
