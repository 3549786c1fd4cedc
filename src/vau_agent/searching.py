"""Searching videos as a program does it: make them searchable, find moments, by words or example.

```python
from vau_agent.searching import open_search
from vau_agent.settings import load_settings

with open_search(load_settings()) as search:
    search.index(Path("lobby.mp4"))
    report = search.find("a person on a bicycle")
```
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pictures

from vau_agent.api import load_result
from vau_agent.errors import BlobError, ClipIndexError, SettingsError
from vau_agent.graphs.opening import open_retrieval
from vau_agent.memory.clip_index import ClipIndex, IndexHeader
from vau_agent.memory.embedders.ranking import only_ranks
from vau_agent.memory.home import Home, open_home
from vau_agent.results import EvidenceFrame, Result
from vau_agent.schemas import Value
from vau_agent.settings import Settings
from vau_agent.tools.retrieval import Moment, Retrieval, check_query
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.factory import hash_file, open_video

_EXAMPLE: Final = re.compile(r"(?P<run>[^:]+):(?P<frame>f\d+)")

OnShare = Callable[[float], None]


class Indexed(Value):
    """One searchable video."""

    video: str
    path: str
    sha256: str
    entries: int
    """Frames with a vector of their own."""
    duration_s: float
    embedder: str
    reused: bool
    """It was searchable already."""


class FoundMoment(Value):
    """A part of a video that a search found."""

    video: str
    path: str | None
    """Where the video was when it was indexed."""
    sha256: str
    start_s: float
    end_s: float
    peak_s: float
    """Where it matches best."""
    score: float
    """Compares within one embedder; no probability."""
    strong: bool
    """Whether it matches better than unrelated words do in the same videos."""


class NotSearched(Value):
    """A known video that a search left out."""

    video: str
    reason: str


class SearchReport(Value):
    """What a search came to."""

    query: str | None = None
    like: str | None = None
    """The example that was searched by, `RUN:FRAME`."""
    embedder: str
    moments: tuple[FoundMoment, ...]
    """Best first, strong or not."""
    strong: bool
    """Whether any of them is a strong match."""
    ranked_only: bool = False
    """With this embedder words order moments and recognise nothing, so `strong` says little."""
    searched: int
    """Videos."""
    not_searched: tuple[NotSearched, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VideoSearch:
    """One home's searchable videos, with the embedder of its settings."""

    settings: Settings
    home: Home
    retrieval: Retrieval

    def index(self, path: Path, *, force: bool = False, on_share: OnShare | None = None) -> Indexed:
        """Make a video searchable, unless it is.

        Args:
            path: The video.
            force: Do it again.
            on_share: Told how much of it is done.

        Raises:
            VideoError: The file cannot be used.
        """
        index, reused = self._indexed(path, force=force, on_share=on_share)
        return Indexed(
            video=path.name,
            path=str(path.absolute()),
            sha256=index.header.video_sha256,
            entries=len(index),
            duration_s=index.header.duration_s,
            embedder=index.header.embedder,
            reused=reused,
        )

    def find(
        self,
        query: str,
        *,
        videos: Sequence[Path] = (),
        count: int | None = None,
        on_share: OnShare | None = None,
    ) -> SearchReport:
        """Find the moments that look most like a text.

        Args:
            query: What to look for.
            videos: Where; what is not searchable yet is made so. All searchable videos when empty.
            count: How many moments; the setting's number when `None`.
            on_share: Told how much of a video is made searchable.

        Raises:
            SettingsError: The query is empty or too long, or no video is searchable yet.
            VideoError: A video cannot be used.
        """
        words = check_query(query)
        indexes, missed = self._chosen(videos, on_share)
        moments = self.retrieval.search(indexes, words, count)
        ranked_only = only_ranks(self.retrieval.embedder.name)
        return self._report(indexes, moments, missed).model_copy(
            update={"query": words, "ranked_only": ranked_only}
        )

    def find_like(
        self,
        example: str,
        *,
        videos: Sequence[Path] = (),
        count: int | None = None,
        on_share: OnShare | None = None,
    ) -> SearchReport:
        """Find the moments that look most like a frame of a run, given as `RUN:FRAME`.

        Raises:
            SettingsError: There is no such frame, or no video is searchable yet.
            JournalError: There is no such run.
        """
        result, frame = self._example(example)
        picture = self._picture(example, frame)
        indexes, missed = self._chosen(videos, on_share)
        moments = self.retrieval.search_like(
            indexes, picture, count, but=(result.video.sha256, frame.t_s)
        )
        return self._report(indexes, moments, missed).model_copy(update={"like": example})

    def _indexed(
        self, path: Path, *, force: bool, on_share: OnShare | None
    ) -> tuple[ClipIndex, bool]:
        with open_video(path, reader=self.settings.reader, limits=self.settings.video) as reader:
            known = None if force else self.retrieval.find(reader)
            if known is not None:
                return known, True
            made = self.retrieval.index(reader, source=path, on_progress=on_share, force=True)
            return made, False

    def _chosen(
        self, videos: Sequence[Path], on_share: OnShare | None
    ) -> tuple[list[ClipIndex], list[NotSearched]]:
        if not videos:
            return self._everything()
        once = {hash_file(path): path for path in videos}
        return [
            self._indexed(path, force=False, on_share=on_share)[0] for path in once.values()
        ], []

    def _everything(self) -> tuple[list[ClipIndex], list[NotSearched]]:
        """Open the latest index of every video that this embedder made."""
        indexes: dict[str, ClipIndex] = {}
        missed: dict[str, NotSearched] = {}
        for header in self.home.indexes.list():
            if header.video_sha256 in indexes:
                continue
            try:
                indexes[header.video_sha256] = self._open(header)
            except ClipIndexError as error:
                missed[header.video_sha256] = NotSearched(
                    video=header.video_name, reason=str(error)
                )
        if not indexes and not missed:
            raise SettingsError(
                "no video is searchable yet; begin with 'vau-agent index VIDEO', or name one with "
                "--video"
            )
        for row in self.home.journal.runs():
            sha256, name = str(row.spec.get("sha256", "")), str(row.spec.get("name", ""))
            if sha256 and sha256 not in indexes:
                reason = "it was analysed, but never indexed; 'vau-agent index' does that"
                missed.setdefault(sha256, NotSearched(video=name, reason=reason))
        left_out = [one for sha256, one in missed.items() if sha256 not in indexes]
        return list(indexes.values()), left_out

    def _open(self, header: IndexHeader) -> ClipIndex:
        if header.embedder_digest != self.retrieval.embedder.digest:
            raise ClipIndexError(
                f"it was indexed with {header.embedder!r}, and the search is with "
                f"{self.retrieval.embedder.name!r}; index it anew with 'vau-agent index'"
            )
        return self.home.indexes.open(header)

    def _example(self, example: str) -> tuple[Result, EvidenceFrame]:
        match = _EXAMPLE.fullmatch(example.strip())
        if match is None:
            raise SettingsError(
                f"{example!r} names no frame; give RUN:FRAME, e.g. --like latest:f7"
            )
        run = match["run"]
        result, _ = load_result(None if run == "latest" else run, settings=self.settings)
        known = _frames(result)
        if match["frame"] not in known:
            listed = ", ".join(list(known)[:6]) or "none"
            raise SettingsError(
                f"run {result.run_id!r} has no frame {match['frame']!r}; it has {len(known)}, "
                f"such as {listed}"
            )
        return result, known[match["frame"]]

    def _picture(self, example: str, frame: EvidenceFrame) -> Image:
        try:
            picture = self.home.blobs.get(frame.sha256)
        except BlobError as error:
            raise BlobError(f"the picture of {example} cannot be used: {error}") from error
        return np.asarray(Pictures.open(io.BytesIO(picture)).convert("RGB"), dtype=np.uint8)

    def _report(
        self,
        indexes: Sequence[ClipIndex],
        moments: Sequence[Moment],
        missed: Sequence[NotSearched],
    ) -> SearchReport:
        return SearchReport(
            embedder=self.retrieval.embedder.name,
            moments=tuple(_found(one) for one in moments),
            strong=any(one.strong for one in moments),
            searched=len(indexes),
            not_searched=tuple(missed),
        )


@contextmanager
def open_search(settings: Settings) -> Iterator[VideoSearch]:
    """Open a home's searchable videos.

    Raises:
        SettingsError: Retrieval is switched off, or no such embedder is known.
        ModelError: The embedder's parts are not here.
        MissingDependencyError: An optional package is not installed.
    """
    asked = settings.retrieval.embedder
    if asked == "off":
        raise SettingsError(
            "retrieval.embedder is 'off', so nothing can be searched; set it to 'auto', or give "
            "--embedder"
        )
    # Without the parts of the default one, opening it says which is missing and how to get it.
    named = _with_embedder(settings, "conse" if asked == "auto" else asked)
    with open_home(settings.home) as home:
        retrieval = open_retrieval(named, home.indexes)
        assert retrieval is not None, "an embedder that is named is opened"
        yield VideoSearch(settings=settings, home=home, retrieval=retrieval)


def _with_embedder(settings: Settings, embedder: str) -> Settings:
    retrieval = settings.retrieval.model_copy(update={"embedder": embedder})
    return settings.model_copy(update={"retrieval": retrieval})


def _found(moment: Moment) -> FoundMoment:
    header = moment.video
    return FoundMoment(
        video=header.video_name,
        path=header.video_path,
        sha256=header.video_sha256,
        start_s=moment.segment.start,
        end_s=moment.segment.end,
        peak_s=moment.peak,
        score=moment.score,
        strong=moment.strong,
    )


def _frames(result: Result) -> dict[str, EvidenceFrame]:
    """Give every frame that a run's calls or events name."""
    shown = [frame for stage in result.stages for frame in stage.frames]
    cited = [frame for event in result.events for frame in event.evidence]
    return {frame.frame_id: frame for frame in (*shown, *cited)}
