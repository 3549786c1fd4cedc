"""Where saved indexes are: by video, embedder and sampling, one file each."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vau_agent.errors import ClipIndexError
from vau_agent.memory.clip_index import ClipIndex, IndexHeader
from vau_agent.memory.database import plain_errors
from vau_agent.memory.durable import sync_folder

SUFFIX: Final = ".clips"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class IndexStore:
    """The saved indexes of one home folder, one file each; safe to share between processes."""

    root: Path

    def path(self, video_sha256: str, embedder_digest: str, sampling: str) -> Path:
        """Give the place of an index, present or not."""
        how = hashlib.sha256(f"{embedder_digest} {sampling}".encode()).hexdigest()
        return self.root / f"{video_sha256}-{how[:24]}{SUFFIX}"

    def find(self, video_sha256: str, embedder_digest: str, sampling: str) -> ClipIndex | None:
        """Load an index if it is there.

        Raises:
            ClipIndexError: It is damaged or of a newer format.
        """
        path = self.path(video_sha256, embedder_digest, sampling)
        return ClipIndex.load(path, embedder_digest=embedder_digest) if path.exists() else None

    def open(self, header: IndexHeader) -> ClipIndex:
        """Load the index of a header that `list` gave.

        Raises:
            ClipIndexError: It is absent, damaged or of a newer format.
        """
        path = self.path(header.video_sha256, header.embedder_digest, header.sampling)
        return ClipIndex.load(path, embedder_digest=header.embedder_digest)

    def save(self, index: ClipIndex) -> Path:
        """Write an index in its place and give that; of two at once, either stays, whole.

        Raises:
            NoSpaceError: The disk is full.
            JournalError: The folder cannot be written to.
        """
        header = index.header
        path = self.path(header.video_sha256, header.embedder_digest, header.sampling)
        index.save(path)
        return path

    def list(self, video_sha256: str | None = None) -> tuple[IndexHeader, ...]:
        """Read the headers of all indexes, or of one video's; latest first.

        One that cannot be read is left out and named in the log.
        """
        headers = []
        for path in self.root.glob(f"{video_sha256 or '*'}-*{SUFFIX}"):
            try:
                headers.append(ClipIndex.load_header(path))
            except ClipIndexError as error:
                _log.warning("%s", error)
        return tuple(sorted(headers, key=lambda header: header.created, reverse=True))

    def remove(self, video_sha256: str) -> int:
        """Delete all indexes of a video and tell how many there were.

        Raises:
            JournalError: The folder cannot be written to.
        """
        with plain_errors(self.root):
            paths = tuple(self.root.glob(f"{video_sha256}-*{SUFFIX}"))
            for path in paths:
                path.unlink(missing_ok=True)
            if paths:
                sync_folder(self.root)
        return len(paths)
