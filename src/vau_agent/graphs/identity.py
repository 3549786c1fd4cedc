"""What a run is about, which two runs are the same, and where a run's folder stands."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final, Self

from vau_agent import __version__
from vau_agent.agent.calibration import Calibration, load_calibration
from vau_agent.agent.prompting import prompt_digests
from vau_agent.graphs.opening import chosen_embedder
from vau_agent.memory.home import Home
from vau_agent.memory.journal import RunRow
from vau_agent.schemas import Value
from vau_agent.settings import PRESENT, Settings
from vau_agent.tools.video.factory import hash_file

_RUN_ID_CHARS: Final = 12
_FOLDER_ID_CHARS: Final = 6
_DECIDING: Final = ("policy", "reader", "triage", "analysis")
"""Settings that can change a verdict: a run with others is another run. Those of retrieval count
when there is any."""


class RunSpec(Value):
    """The first record of a run: what it analyses, with what."""

    name: str
    """File name of the video."""
    path: str
    out: str
    """Folder that the output folder stands in."""
    sha256: str
    policy_sha256: str | None
    """Of the file that a `scripted:` policy reads."""
    revision: str | None = None
    """Of the policy's model, where it has one: a folder may hold another model tomorrow."""
    prompts: dict[str, str]
    settings: dict[str, Any]
    """Without those of the machine and the moment; the embedder by the name that `auto` meant."""
    embedder_sha256: str | None = None
    """Digest of the embedder; `None` without retrieval."""
    calibration: Calibration | None = None
    """What makes the policy's token probabilities confidences."""
    tool: str

    @classmethod
    def of(cls, path: Path, settings: Settings, *, revision: str | None = None) -> Self:
        """Describe the analysis of a video.

        Args:
            path: The video.
            settings: As they suit the policy's model.
            revision: Of that model.

        Raises:
            VideoOpenError: The file is absent, empty or no regular file.
        """
        name, _, model = settings.policy.partition(":")
        embedder, digest = chosen_embedder(settings)
        kept = settings.model_dump(mode="json", exclude=set(PRESENT))
        kept["retrieval"]["embedder"] = embedder
        return cls(
            name=path.name,
            path=str(path.resolve()),
            out=str(settings.out.resolve()),
            sha256=hash_file(path),
            policy_sha256=hash_file(Path(model)) if name == "scripted" else None,
            revision=revision,
            prompts=prompt_digests(),
            settings=kept,
            embedder_sha256=digest,
            calibration=load_calibration(settings.models, settings.policy),
            tool=__version__,
        )

    @classmethod
    def read(cls, row: RunRow) -> Self:
        """Read the spec that a run began with."""
        return cls.model_validate(row.spec)

    @property
    def digest(self) -> str:
        """Equal for the same content, whatever it is called and wherever it lies."""
        content: dict[str, Any] = {
            **self.model_dump(
                mode="json",
                include={"sha256", "policy_sha256", "revision", "prompts", "calibration", "tool"},
            ),
            **{name: self.settings[name] for name in _DECIDING},
            "picture_pixels": self.settings["local"]["picture_pixels"],
        }
        if self.embedder_sha256 is not None:
            content |= {
                "embedder_sha256": self.embedder_sha256,
                "retrieval": self.settings["retrieval"],
            }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def settings_under(self, present: Settings) -> Settings:
        """Give the settings that the run began with; those of the moment are the present ones."""
        moment = present.model_dump(include=set(PRESENT))
        return Settings.model_validate({**self.settings, **moment, "out": self.out})

    def folder(self, run_id: str) -> Path:
        """Give the run's output folder."""
        return Path(self.out) / folder_name(run_id, self.name)


def choose_run_id(spec: RunSpec, home: Home, *, fresh: bool) -> str:
    """Name the run of this spec: the newest there is, or a new one."""
    base = spec.digest[:_RUN_ID_CHARS]
    again = [row.run_id for row in home.journal.runs() if row.run_id.startswith(base)]
    if fresh and again:
        return f"{base}-{len(again) + 1}"
    return again[0] if again else base


def complete_run_id(run_id: str, home: Home) -> str:
    """Complete an id from its beginning; what begins no run, or several, is left as it is."""
    found = [row.run_id for row in home.journal.runs() if run_id and row.run_id.startswith(run_id)]
    return found[0] if len(found) == 1 else run_id


def folder_name(run_id: str, video_name: str) -> str:
    """Name an output folder after its video and its run."""
    again = run_id[_RUN_ID_CHARS:]
    return f"{Path(video_name).stem}-{run_id[:_FOLDER_ID_CHARS]}{again}"
