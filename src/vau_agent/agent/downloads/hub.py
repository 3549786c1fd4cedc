"""Files of a repository on the Hugging Face hub, through its own client.

The client keeps its own account (`hf auth login`) and takes up what was broken off; what it brings
is held against the sha256 that the hub names for the commit.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Final

from vau_agent.agent.catalogue import HubPart
from vau_agent.agent.downloads.fetch import OnBytes
from vau_agent.agent.receipts import record_file
from vau_agent.errors import MissingDependencyError, ModelError

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

_BOOKS: Final = ".cache"
"""What the client keeps beside the files to take up from."""

OnSize = Callable[[int], None]
"""Told how many bytes there are to fetch before any is."""


def fetch_repository(
    part: HubPart,
    folder: Path,
    *,
    on_size: OnSize = lambda size: None,
    on_bytes: OnBytes = lambda done: None,
) -> str:
    """Lay the wanted files of a repository into a folder; give the commit they are of.

    Raises:
        MissingDependencyError: The hub's client is not installed.
        ModelError: The hub is out of reach, refuses, or a file is not what it names.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingDependencyError(
            "models of the Hugging Face hub need its client: pip install 'vau-agent[local]'"
        ) from error
    try:
        commit, wanted = _look_up(part)
        on_size(sum(sibling.size or 0 for sibling in wanted.values()))
        snapshot_download(
            part.repository,
            revision=commit,
            local_dir=folder,
            allow_patterns=list(wanted),
            tqdm_class=_counter(on_bytes),
        )
    except _failures() as error:
        raise ModelError(_explain(part, error)) from error
    for name, sibling in wanted.items():
        _check(part, folder / name, sibling)
    rmtree(folder / _BOOKS, ignore_errors=True)
    return commit


def _look_up(part: HubPart) -> tuple[str, "Mapping[str, RepoSibling]"]:
    """Give the commit, and what is wanted of it by name."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(part.repository, revision=part.revision, files_metadata=True)
    if info.sha is None or part.revision not in (None, info.sha):
        raise ModelError(
            f"the hub answers commit {info.sha} of {part.repository} instead of {part.revision}"
        )
    wanted = {
        one.rfilename: one
        for one in info.siblings or []
        if any(fnmatchcase(one.rfilename, pattern) for pattern in part.files)
    }
    if not wanted:
        raise ModelError(f"{part.repository} at {info.sha} holds none of {', '.join(part.files)}")
    return info.sha, wanted


def _check(part: HubPart, path: Path, sibling: "RepoSibling") -> None:
    record = record_file(path)
    named = sibling.lfs.sha256 if sibling.lfs is not None else None
    if record.bytes == sibling.size and named in (None, record.sha256):
        return
    path.unlink()
    raise ModelError(
        f"{sibling.rfilename} of {part.repository} arrived with {record.bytes} bytes, sha256 "
        f"{record.sha256[:16]}…, and the hub names another; removed, the same command goes on"
    )


def _counter(on_bytes: OnBytes) -> type[Any]:
    """Make the bar that the client wants to move into calls of `on_bytes`."""
    from tqdm import tqdm  # type: ignore[import-untyped]  # no stubs among what we install

    class Counter(tqdm):  # type: ignore[misc]  # follows from the line above
        def __init__(self, *args: object, **named: object) -> None:
            self._counts = named.get("unit") == "B"
            self._done = 0
            named.pop("name", None)
            super().__init__(*args, **{**named, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self._done += int(n or 0)
            if self._counts:
                on_bytes(self._done)

    return Counter


def _failures() -> tuple[type[Exception], ...]:
    from huggingface_hub import errors

    transport: type[Exception] = vars(errors)["HTTPError"]  # of whichever client it is built on
    return (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, transport, OSError)


def _explain(part: HubPart, error: Exception) -> str:
    from huggingface_hub.errors import (
        GatedRepoError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return (
            f"{part.repository} wants its terms accepted: do so on its page of the hub, "
            "then: hf auth login"
        )
    if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
        return f"the hub has no {part.repository} at {part.revision or 'its newest'}"
    if isinstance(error, OfflineModeIsEnabled):
        return f"{part.repository} cannot be fetched while HF_HUB_OFFLINE is set"
    lines = str(error).splitlines() or [type(error).__name__]
    return f"{part.repository} cannot be fetched from the hub: {lines[0]}"
