"""Files of a repository on the Hugging Face hub.

Its client is asked what a commit holds and for this user's key (`hf auth login`). Fetching is ours:
the client begins a file of gigabytes again when it was killed. Where only the client gets in, it
fetches. Every file is held against the digest that the hub names for the commit.
"""

import hashlib
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import TYPE_CHECKING, Final

from vau_agent.agent.catalogue import HubPart
from vau_agent.agent.downloads.fetch import OnBytes, fetch, is_kept_out
from vau_agent.errors import MissingDependencyError, ModelError

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

_BOOKS: Final = ".cache"
"""What the client keeps beside the files that it fetched."""

OnSize = Callable[[int], None]
"""Told how many bytes there are to fetch before any is."""


def fetch_repository(
    part: HubPart,
    folder: Path,
    *,
    timeout_s: float,
    on_size: OnSize = lambda size: None,
    on_bytes: OnBytes = lambda done: None,
) -> str:
    """Lay the wanted files of a repository into a folder; give the commit they are of.

    Raises:
        MissingDependencyError: The hub's client is not installed.
        ModelError: The hub is out of reach, refuses, or a file is not what it names.
    """
    try:
        import huggingface_hub  # noqa: F401 - whether it can be is the question
    except ImportError as error:
        raise MissingDependencyError(
            "models of the Hugging Face hub need its client: pip install 'vau-agent[local]'"
        ) from error
    try:
        commit, wanted = _look_up(part)
        on_size(sum(sibling.size or 0 for sibling in wanted.values()))
        before = 0
        for sibling in wanted.values():
            _bring(
                part.repository,
                commit,
                sibling,
                folder,
                timeout_s=timeout_s,
                on_bytes=_behind(before, on_bytes),
            )
            before += sibling.size or 0
    except _failures() as error:
        raise ModelError(_explain(part, error)) from error
    rmtree(folder / _BOOKS, ignore_errors=True)
    return commit


def _bring(
    repository: str,
    commit: str,
    sibling: "RepoSibling",
    folder: Path,
    *,
    timeout_s: float,
    on_bytes: OnBytes,
) -> None:
    """Fetch one file unless it is here, and check it."""
    from huggingface_hub import get_token, hf_hub_download, hf_hub_url

    token = get_token()
    name = sibling.rfilename
    target = folder / name
    if not target.is_file():
        try:
            fetch(
                hf_hub_url(repository, name, revision=commit),
                target,
                size=sibling.size or 0,
                sha256=None,
                timeout_s=timeout_s,
                on_bytes=on_bytes,
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
        except ModelError as error:
            if not is_kept_out(error):
                raise
            hf_hub_download(repository, name, revision=commit, local_dir=folder)
    on_bytes(target.stat().st_size)
    _check(repository, target, sibling)


def _behind(before: int, on_bytes: OnBytes) -> OnBytes:
    """Count on from the files before."""
    return lambda done: on_bytes(before + done)


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
    for name in wanted:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ModelError(
                f"{part.repository} names a file {name!r} that leads out of its folder"
            )
    if not wanted:
        raise ModelError(f"{part.repository} at {info.sha} holds none of {', '.join(part.files)}")
    return info.sha, wanted


def _check(repository: str, path: Path, sibling: "RepoSibling") -> None:
    """Compare a file with what the hub names: sha256 of large ones, git's own digest of others."""
    named = sibling.blob_id if sibling.lfs is None else sibling.lfs.sha256
    with path.open("rb") as stream:
        if sibling.lfs is None:
            found = _git_digest(stream.read())
        else:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    if path.stat().st_size == sibling.size and found == named:
        return
    path.unlink()
    raise ModelError(
        f"{sibling.rfilename} of {repository} is not what the hub names: {found[:16]}… instead of "
        f"{str(named)[:16]}…; removed, the same command fetches it again"
    )


def _git_digest(data: bytes) -> str:
    blob = b"blob %d\0" % len(data) + data
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest()


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
