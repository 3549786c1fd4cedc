"""How a model wants to be asked: told by a small file in its folder, so that it travels with it.

A model of billions reads long instructions and tables; one of a hundred million was trained on
short ones. Both answer in the same tags, read by the same parser.
"""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from vau_agent.errors import ModelError
from vau_agent.schemas import ReflectionForm, Value

PROFILE_FILE: Final = "vau_profile.json"

PromptStyle = Literal["full", "compact"]
PictureKind = Literal["plain", "motion"]
ToldAt = Literal["first", "check"]


class ModelProfile(Value):
    """What the prompts of one model look like; the defaults fit every instruction-tuned model."""

    prompts: PromptStyle = "full"
    pictures: PictureKind = "plain"
    """`motion` packs each frame with the one shortly before it (see `vau_agent.motion`)."""
    frames_per_window: int | None = Field(default=None, ge=1)
    """Frames it was trained to be shown; `None` leaves it to the settings. Likewise below."""
    frames_per_zoom: int | None = Field(default=None, ge=1)
    window_seconds: float | None = Field(default=None, gt=0)
    max_new_tokens: int | None = Field(default=None, ge=1)
    reflection: ReflectionForm | None = None
    detector: bool = False
    """Whether a trained detector lies in the folder, to be shown to it as measured evidence."""
    detector_told: ToldAt = "check"
    """With the first frames, or held back until it checks its first answer: a check that knows no
    more than the answer did has little to go by."""

    @property
    def wants_even_frames(self) -> bool:
        """Whether each frame stands for an equal span, instead of some for peaks of the curve."""
        return self.prompts == "compact"


DEFAULT_PROFILE: Final = ModelProfile()


def load_profile(folder: Path) -> ModelProfile:
    """Read a model folder's profile; the default one where it has none.

    Raises:
        ModelError: The file is damaged, or of a newer version.
    """
    path = folder / PROFILE_FILE
    try:
        return ModelProfile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return DEFAULT_PROFILE
    except (OSError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(
            f"{str(path)!r} is no profile of a model ({first}); pull it again"
        ) from error
