"""Where everything that outlives a step is kept: one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vau_agent.errors import SettingsError
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.index_store import IndexStore
from vau_agent.memory.journal import Clock, Journal, utc_now


@dataclass(frozen=True, kw_only=True)
class Home:
    """The opened stores of one home folder."""

    root: Path
    journal: Journal
    blobs: BlobStore

    @property
    def checkpoints(self) -> Path:
        """File of LangGraph's checkpoints, a cache of the journal."""
        return self.root / "checkpoints.sqlite"

    @property
    def indexes(self) -> IndexStore:
        """What makes videos searchable: computed from them, and built again when lost."""
        return open_indexes(self.root)


def open_indexes(root: Path) -> IndexStore:
    """Open the indexes of a home folder, which need not be there."""
    return IndexStore(root=root / "indexes")


@contextmanager
def open_home(root: Path, *, clock: Clock = utc_now) -> Iterator[Home]:
    """Open the stores under `root`, creating the folder if absent.

    Raises:
        SettingsError: The folder cannot be created or is no folder.
        JournalError: The journal is damaged, in use, or of a newer version.
    """
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"home {str(root)!r} cannot be used: {error.strerror}; choose another with --home"
        ) from error
    with Journal.open(root / "journal.sqlite", clock=clock) as journal:
        yield Home(root=root, journal=journal, blobs=BlobStore(root / "blobs"))
