"""Settings: given, checked once, and saying what they mean.

Order of precedence: command-line flags, `VAU_*` environment variables, `config.toml` in the home
folder, the defaults below. This is the only module that reads the environment.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from vau_agent.errors import SettingsError
from vau_agent.schemas import TOOL_NAMES, ReflectionForm, ToolName

CONFIG_NAME: Final = "config.toml"
CONFIG_VARIABLE: Final = "VAU_CONFIG"
PRESENT: Final = frozenset(
    {"home", "out", "model_dir", "offline", "endpoint", "engine", "budget", "download"}
)
"""Settings of the machine and the moment: they change no verdict and are never stored with a run,
so that one that is taken up again gets those of the present, and secrets stay where they are."""
SECRETS: Final = frozenset({"endpoint.api_key"})
EXPORT_PREFIXES: Final = ("LANGCHAIN_", "LANGSMITH_", "OTEL_EXPORTER_")


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoLimits(_Group):
    """What a video may cost before it is refused or cut short."""

    max_width: int = Field(default=8192, ge=16)
    max_height: int = Field(default=4320, ge=16)
    max_streams: int = Field(default=64, ge=1)
    max_fps: float = Field(default=1000, gt=0)
    """Frames of a denser stream are sampled; its packets still count against the budgets."""
    child_memory_mb: int = Field(default=1536, ge=256)
    """Address space of the decoding child."""
    base_wall_seconds: float = Field(default=15.0, gt=0)
    """Wall time without a sign of life from the child, which gives ten in that time at work."""
    wall_per_cpu_second: float = Field(default=5.0, ge=0)
    """Wall time one request may take for each second of processor time it may take."""
    base_cpu_seconds: float = Field(default=20.0, gt=0)
    """Processor time one request to the child may take, whatever the file."""
    cpu_seconds_per_mb: float = Field(default=1.0, ge=0)
    """Added for each MiB of the file."""
    cpu_seconds_per_gigapixel: float = Field(default=20.0, ge=0)
    """Added for each 10^9 pixels of the video, counting the area of every picture (measured on
    public clips: 2 to 9; a picture counts as 256 x 256 at least)."""
    requests_per_child: int = Field(default=1000, ge=1)
    """A child is replaced once it has used half the processor time of so many requests."""
    max_damaged_share: float = Field(default=0.5, ge=0, le=1)
    """Share of packets that may fail to decode before the file counts as truncated."""


class TriageSettings(_Group):
    """How the anomaly curve is measured and cut into candidates."""

    fps: float = Field(default=10.0, gt=0)
    """Moments measured per second in the dense pass."""
    longest_side: int = Field(default=192, ge=32)
    """Pixels of the pictures that cues are measured on."""
    dense_seconds: float = Field(default=900.0, gt=0)
    """Longest video that is measured densely from end to end; longer ones coarse to fine."""
    dense_windows_per_hour: int = Field(default=12, ge=1)
    """Windows of a long video that the coarse pass hands to the dense one."""
    dense_window_seconds: float = Field(default=30.0, gt=0)
    alarm_score: float = Field(default=0.5, gt=0, lt=1)
    """Curve score from which a moment belongs to a candidate."""
    merge_gap_seconds: float = Field(default=1.5, ge=0)
    min_segment_seconds: float = Field(default=0.3, gt=0)
    max_candidates: int = Field(default=12, ge=1)
    zoom_fps: float = Field(default=15.0, gt=0)
    """Moments measured per second in a segment that is looked at again."""
    zoom_longest_side: int = Field(default=256, ge=32)
    zoom_moments: int = Field(default=900, ge=16)
    """Moments of one zoom; longer segments are measured less densely, down to `fps`."""
    zoom_seconds: float = Field(default=300.0, gt=0)
    """Longest segment of one zoom."""
    zoom_context_seconds: float = Field(default=4.0, ge=0)
    """Seconds before a zoomed segment that are measured to know its background."""
    crop_min_pixels: int = Field(default=16, ge=1)
    """Shortest side, in the video's own pixels, of a region that is cut out."""
    crop_longest_side: int = Field(default=1280, ge=32)
    """Pixels of a region's picture; a larger region is scaled down."""
    track_seconds: float = Field(default=60.0, gt=0)
    """Longest segment whose movement is followed."""
    track_paths: int = Field(default=6, ge=1)
    """Paths of one segment that are told, longest first."""
    max_moments: int = Field(default=9000, ge=16)
    """Points a curve may have; beyond, neighbouring moments are merged (memory stays flat)."""
    duplicate_block_change: float = Field(default=6.0, ge=0)
    """Grey levels the most changed block may move before a frame counts as new (measured)."""
    keep_every_seconds: float = Field(default=30.0, gt=0)
    """A frame is kept at least this often, however still the scene."""


class AnalysisSettings(_Group):
    """How deep the graph looks."""

    reflection: ReflectionForm = "both"
    max_rounds: int = Field(default=2, ge=0)
    """Reflection rounds a window may take; 0 never revises."""
    frames_per_window: int = Field(default=16, ge=1, le=64)
    frames_per_zoom: int = Field(default=8, ge=1, le=64)
    calls_per_round: int = Field(default=4, ge=1)
    """Tool calls of one reflection that are carried out."""
    window_seconds: float = Field(default=120.0, gt=0)
    """Candidates within one window are reasoned about together."""
    windows_per_hour: int = Field(default=12, ge=1)
    settled_iou: float = Field(default=0.9, ge=0, le=1)
    """A revised segment that overlaps the former one this much counts as unchanged."""
    max_new_tokens: int = Field(default=1024, ge=1)
    tools: tuple[ToolName, ...] = TOOL_NAMES
    """Looks that a reflection may ask for."""


class RetrievalSettings(_Group):
    """How a video's frames are made searchable."""

    embedder: str = "auto"
    """`conse`, `open_clip:ARCH/PRETRAINED`, `off`, or `auto`: conse where its parts are here."""
    precision: Literal["fp32", "int8"] = "fp32"
    """Of OpenCLIP's image tower on a processor; everything else runs at fp32 only."""
    fps: float = Field(default=1.0, gt=0)
    """Frames of a video indexed each second; near-duplicates share one entry."""
    max_frames: int = Field(default=20_000, ge=16)
    """Entries of one video's index; longer videos are indexed less densely."""
    batch: int = Field(default=16, ge=1)
    """Frames embedded at once."""
    results: int = Field(default=5, ge=1, le=50)
    """Segments that one search gives."""


class EndpointSettings(_Group):
    """How a policy behind a server is asked. Never stored with a run."""

    api_key: SecretStr | None = None
    """Given by VAU_ENDPOINT__API_KEY; never written to a file."""
    timeout_seconds: float = Field(default=120.0, gt=0)
    """For one answer, from the request to its last byte."""
    retries: int = Field(default=3, ge=0)
    """Attempts after the first, when the server is busy, failing or out of reach."""
    backoff_seconds: float = Field(default=0.5, ge=0)
    """Wait before the second attempt, doubled before each further one, unless the server names its
    own; an answer is given up when the wait would not end in time."""
    max_answer_bytes: int = Field(default=33_554_432, ge=1024)
    """A longer answer is cut off and refused; token probabilities make answers large."""
    use_proxy: bool = False
    """Go through the proxy that the environment names; else connections are always direct."""
    max_frames: int = Field(default=64, ge=1)
    """Pictures of one request; a conversation with more is refused before anything is sent."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Sent along with every request: fields that only one kind of server knows."""


class LocalSettings(_Group):
    """What a policy that runs in this process may take."""

    picture_pixels: int = Field(default=448 * 448, ge=28 * 28)
    """Larger pictures are scaled down to this before the policy sees them: 256 tokens of a
    Qwen2.5-VL. What has to be seen closer is zoomed into and cut out."""
    kept_conversations: int = Field(default=2, ge=0)
    """Conversations whose read tokens are kept for their next turn; 0 reads all anew."""
    kept_pictures_mb: int = Field(default=512, ge=0)
    """Memory for pictures that the policy has encoded; the one used longest ago goes first."""
    engine: Literal["auto", "torch", "onnx"] = "auto"
    """What computes it. `onnx` is for nano and its like on a processor, made at first use; `auto`
    takes it where it has been made and there is no GPU, and torch elsewhere."""
    precision: Literal["fp32", "int8"] = "int8"
    """Of the engine `onnx`."""
    threads: int | None = Field(default=None, ge=1)
    """Of the processor; unset, `onnx` takes one a processor, four at most, and torch decides."""


class EngineSettings(_Group):
    """What vLLM's engine may take, when a policy runs in it. Never stored with a run."""

    context_tokens: int | None = Field(default=None, ge=256)
    """Longest conversation with its answer; unset, what the model was made for, or less where
    memory holds less."""
    memory_share: float = Field(default=0.9, gt=0, le=1)
    """Of a GPU's memory."""
    cpu_cache_mb: int = Field(default=2048, ge=64)
    """Memory for what was read, on a machine without a GPU."""


class BudgetSettings(_Group):
    """What a run may spend in all; one that reaches a limit stops with a partial result."""

    max_calls: int | None = Field(default=None, ge=1)
    """Policy calls."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Prompt and completion tokens, as the policy counts them."""
    deadline_seconds: float | None = Field(default=None, gt=0)
    """Wall time of one process working on the run."""


class DownloadSettings(_Group):
    """How the parts of a model are fetched."""

    timeout_seconds: float = Field(default=60.0, gt=0)
    """Without a byte arriving, before a download breaks off; it can be taken up again."""
    pip_seconds: float = Field(default=300.0, gt=0)
    """For pip to find a package, or to fetch it where only pip gets in."""
    spare_bytes: int = Field(default=500_000_000, ge=0)
    """What has to stay free on the disk after a download."""


class ClipSettings(_Group):
    """What is cut out of a video as evidence."""

    padding_seconds: float = Field(default=2.0, ge=0)
    """Added before and after an event in the stream copy."""
    max_clip_seconds: float = Field(default=120.0, gt=0)
    """Longest viewing copy; a longer event is cut short and says so."""
    viewing_side: int = Field(default=1920, ge=32)
    """Longest side of a viewing copy's pictures; larger ones are scaled down."""
    max_clips: int = Field(default=12, ge=0)
    """Events that get clips, strongest first; 0 writes none."""


class StorageSettings(_Group):
    """Limits of what is kept."""

    max_checkpoint_bytes: int = Field(default=65536, ge=1024)
    """Largest graph state; frames and pictures live in the blob store."""
    lease_seconds: float = Field(default=30.0, gt=0)
    """A run's owner renews within this time or loses the run."""


class Settings(BaseSettings):
    """Everything a run can be told."""

    model_config = SettingsConfigDict(
        env_prefix="VAU_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("vau-agent")))
    """Journal, checkpoints, blobs."""
    out: Path = Path("vau-out")
    """Where output folders are written."""
    policy: str = "rules"
    """`rules`, `nano`, `transformers:MODEL`, `vllm:MODEL`, `openai:MODEL@URL`, `scripted:FILE`, or
    `auto`: the best of them that is here."""
    model_dir: Path | None = None
    """Where pulled models are kept; `models/` in the home folder when unset."""
    offline: bool = False
    """Refuse every connection that leaves this machine, model servers included."""
    reader: Literal["pyav", "decord"] = "pyav"
    video: VideoLimits = VideoLimits()
    triage: TriageSettings = TriageSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    endpoint: EndpointSettings = EndpointSettings()
    local: LocalSettings = LocalSettings()
    engine: EngineSettings = EngineSettings()
    budget: BudgetSettings = BudgetSettings()
    download: DownloadSettings = DownloadSettings()
    clips: ClipSettings = ClipSettings()
    storage: StorageSettings = StorageSettings()

    @property
    def models(self) -> Path:
        """The folder of pulled models."""
        return self.model_dir or self.home / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_path())
        return init_settings, env_settings, toml


def config_path() -> Path:
    """Give the place of the configuration file; `VAU_CONFIG` names another."""
    given = os.environ.get(CONFIG_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_config_dir("vau-agent")) / CONFIG_NAME


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read settings from flags (`overrides`, nested by group), environment, file and defaults.

    Raises:
        SettingsError: A value is invalid, a name is unknown, or the file is not TOML.
    """
    _refuse_unknown_variables()
    _check_file(config_path())
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def setting_origins(overrides: Mapping[str, object] | None = None) -> dict[str, tuple[str, str]]:
    """Tell, for each setting by dotted name, its value and where the value came from."""
    settings = load_settings(overrides)
    path = config_path()
    in_file = dict(_leaves(_read_toml(path))) if path.is_file() else {}
    in_flags = dict(_leaves(overrides or {}))
    origins = {}
    for name, value in _leaves(settings.model_dump(mode="json")):
        variable = _variable(name)
        if in_flags.get(name) is not None:
            origin = "flag"
        elif variable in os.environ:
            origin = variable
        elif name in in_file:
            origin = str(path)
        else:
            origin = "default"
        origins[name] = (str(value), origin)
    return origins


def named_settings(settings: Settings) -> dict[str, str]:
    """Give what can change an outcome, limits included, by dotted name; the policy apart."""
    apart = (set(PRESENT) - {"budget"}) | {"policy", "clips", "storage"}
    return {name: str(value) for name, value in _leaves(settings.model_dump(exclude=apart))}


def write_setting(name: str, value: str) -> Path:
    """Set one dotted name in the configuration file, keeping its comments; give the file.

    Raises:
        SettingsError: The name is unknown or the value is invalid; the file is left as it was.
    """
    import tomlkit  # only writing needs it: every other start is quicker without

    known = dict(_leaves(Settings.model_construct().model_dump(mode="json")))
    if name not in known:
        raise SettingsError(f"no setting {name!r}; 'vau-agent config show' lists them")
    if name in SECRETS:
        raise SettingsError(
            f"{name} is a secret and not written down; give it as {_variable(name)}"
        )
    _check_file(config_path())
    *groups, leaf = name.split(".")
    nested: dict[str, object] = {leaf: value}
    for group in reversed(groups):
        nested = {group: nested}
    try:
        checked = Settings.model_validate(nested)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error
    path = config_path()
    document = tomlkit.parse(path.read_text()) if path.is_file() else tomlkit.document()
    table: Any = document
    for group in groups:
        table = table.setdefault(group, tomlkit.table())
    table[leaf] = dict(_leaves(checked.model_dump(mode="json")))[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomlkit.dumps(document))
    return path


def wants_plain_output() -> bool:
    """Tell whether moving bars are unwanted, by the customs of terminals and build servers."""
    asked = any(os.environ.get(name) for name in ("NO_COLOR", "CI"))
    return asked or os.environ.get("TERM") == "dumb"


def exporting_variables() -> tuple[str, ...]:
    """Name the variables that make libraries below send traces of a run elsewhere."""
    return tuple(sorted(name for name in os.environ if name.startswith(EXPORT_PREFIXES)))


def _refuse_unknown_variables() -> None:
    known = {_variable(name) for name, _ in _leaves(Settings.model_construct().model_dump())}
    groups = {_variable(name) for name in Settings.model_fields}
    for variable in os.environ:
        if variable.startswith("VAU_") and variable not in known | groups | {CONFIG_VARIABLE}:
            raise SettingsError(
                f"environment variable {variable!r} names no setting; "
                "'vau-agent config show' lists them"
            )


def _variable(name: str) -> str:
    return "VAU_" + name.upper().replace(".", "__")


def _read_toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text())


def _check_file(path: Path) -> None:
    """Refuse an unreadable file by its name: pydantic would blame a setting without one."""
    try:
        if path.exists():
            _read_toml(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; mend or move it") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}; mend or move it") from error


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return (
        f"setting {name!r} = {first['input']!r}: {first['msg'].lower()}; "
        "see 'vau-agent config show'"
    )
