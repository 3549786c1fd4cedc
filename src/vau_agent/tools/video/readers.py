"""The readers by name; each one's library is imported when it is wanted, in the decoding child."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, Protocol

from vau_agent.errors import MissingDependencyError
from vau_agent.tools.video.budgets import PictureLimits
from vau_agent.tools.video.probe import SourceReader


class ReaderLoader(Protocol):
    """Opens a video that the caller has opened as a file."""

    def __call__(
        self,
        file: BinaryIO,
        *,
        name: str,
        sha256: str,
        limits: PictureLimits,
        alive: Callable[[], None],
    ) -> SourceReader:
        """Give a reader of `file`; see `PyavReader`."""


def _pyav(
    file: BinaryIO, *, name: str, sha256: str, limits: PictureLimits, alive: Callable[[], None]
) -> SourceReader:
    from vau_agent.tools.video.pyav import PyavReader

    return PyavReader(file, name=name, sha256=sha256, limits=limits, alive=alive)


def _decord(
    file: BinaryIO, *, name: str, sha256: str, limits: PictureLimits, alive: Callable[[], None]
) -> SourceReader:
    alive()  # decord calls nobody back while it works
    try:
        from vau_agent.tools.video.decord import DecordReader
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"the decord reader needs {error.name!r}; install 'vau-agent[decord]'"
        ) from error
    return DecordReader(file, name=name, sha256=sha256, limits=limits)


READERS: Final[Mapping[str, ReaderLoader]] = {"pyav": _pyav, "decord": _decord}
