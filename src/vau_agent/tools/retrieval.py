"""Searching videos by words or by an example: one index a video, built when first wanted."""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import ClipIndexError, SettingsError
from vau_agent.memory.clip_index import ClipIndex, IndexedFrame, IndexHeader
from vau_agent.memory.embedders.base import Embedder, Vectors
from vau_agent.memory.index_store import IndexStore
from vau_agent.schemas import Segment, Value
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.contrast import Contrast, best_scores, unrelated_texts
from vau_agent.tools.index_video import OnShare, choose_sampling, index_video
from vau_agent.tools.video.base import Image, VideoReader

MAX_QUERY_CHARS: Final = 300

_log = logging.getLogger(__name__)


class Moment(Value):
    """A part of a video that a search found."""

    video: IndexHeader
    segment: Segment
    peak: float
    """Seconds; where it matches best."""
    score: float
    """Inner product of unit vectors: compares within one embedder, and is no probability."""
    strong: bool
    """Whether unrelated queries do less well in the same videos (see `contrast`)."""


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Everything it takes to search videos; opening it is cheap."""

    embedder: Embedder
    store: IndexStore
    settings: RetrievalSettings
    triage: TriageSettings
    """Says which videos are long and which frames are duplicates."""

    def index(
        self,
        reader: VideoReader,
        *,
        source: Path | None = None,
        on_progress: OnShare | None = None,
        force: bool = False,
    ) -> ClipIndex:
        """Load a video's index, or build and store it.

        An index of another embedder or of another choice of frames is not used. One that is
        damaged is built anew.
        """
        known = None if force else self.find(reader)
        if known is not None:
            return known
        index = index_video(
            reader,
            self.embedder,
            self.settings,
            self.triage,
            source=source,
            on_progress=on_progress,
        )
        self.store.save(index)
        return index

    def find(self, reader: VideoReader) -> ClipIndex | None:
        """Load a video's index; `None` when there is none that can be used."""
        sampling = choose_sampling(reader, self.settings, self.triage).key
        try:
            return self.store.find(reader.info.sha256, self.embedder.digest, sampling)
        except ClipIndexError as error:
            _log.warning("%s; it is built anew", error)
            return None

    def search(
        self, indexes: ClipIndex | Sequence[ClipIndex], query: str, count: int | None = None
    ) -> tuple[Moment, ...]:
        """Find the moments that look most like a text, best first, over one video or several.

        Raises:
            SettingsError: The query is empty or too long.
        """
        given = (indexes,) if isinstance(indexes, ClipIndex) else tuple(indexes)
        words = check_query(query)
        found = self.embedder.embed_texts([words])
        if not given:
            return ()
        contrast = Contrast.over(given, self._bank, found)
        return tuple(
            _moment(header, one, strong=contrast.is_strong(one.score))
            for header, one in _best(given, found, count or self.settings.results)
        )

    def search_like(
        self,
        indexes: Sequence[ClipIndex],
        image: Image,
        count: int | None = None,
        *,
        but: tuple[str, float] | None = None,
    ) -> tuple[Moment, ...]:
        """Find the moments that look most like a picture, best first.

        A match is strong when it is as close as two moments of one video usually are.

        Args:
            indexes: Videos to search.
            image: The example.
            count: How many; the setting's number when `None`.
            but: sha256 of a video and time of the moment in it that is the example itself.
        """
        found = self.embedder.embed_images([image])
        if not indexes:
            return ()
        usual = float(np.median([_likeness(index) for index in indexes]))
        wanted = count or self.settings.results
        ranked = [
            _moment(header, one, strong=one.score >= usual)
            for header, one in _best(indexes, found, wanted + 1)
            if but is None or header.video_sha256 != but[0] or not one.segment.contains(but[1])
        ]
        return tuple(ranked[:wanted])

    @functools.cached_property
    def _bank(self) -> Vectors:
        return self.embedder.embed_texts(unrelated_texts())


def check_query(query: str) -> str:
    """Give a query's words on one line.

    Raises:
        SettingsError: It is empty or too long.
    """
    words = " ".join(query.split())
    if not words:
        raise SettingsError('the query is empty; say what to look for, e.g. "a red car"')
    if len(words) > MAX_QUERY_CHARS:
        raise SettingsError(
            f"the query has {len(words)} characters, the longest has {MAX_QUERY_CHARS}; shorten it"
        )
    return words


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bump:
    segment: Segment
    peak: float
    score: float


def _moment(header: IndexHeader, bump: _Bump, *, strong: bool) -> Moment:
    return Moment(
        video=header,
        segment=bump.segment,
        peak=bump.peak,
        score=round(bump.score, 4),
        strong=strong,
    )


def _best(
    indexes: Sequence[ClipIndex], query: Vectors, count: int
) -> list[tuple[IndexHeader, _Bump]]:
    """Give the best moments over several videos; each of them lies in one of the best videos."""
    ranked = sorted(indexes, key=lambda index: -float(best_scores(index, query)[0]))
    found = [
        (index.header, bump) for index in ranked[:count] for bump in _bumps(index, query, count)
    ]
    return sorted(found, key=lambda one: -one[1].score)[:count]


def _bumps(index: ClipIndex, query: Vectors, count: int) -> list[_Bump]:
    """Join neighbouring frames that match into at most `count` moments, best first."""
    row = {frame.pts: number for number, frame in enumerate(index.frames)}
    scores = np.zeros(len(index), dtype=np.float32)
    for match in index.search(query, len(index))[0]:
        scores[row[match.frame.pts]] = match.score
    usual = float(np.median(scores))
    free = np.ones(len(scores), dtype=np.bool_)
    bumps: list[_Bump] = []
    for peak in np.argsort(-scores, kind="stable"):
        if free[peak]:
            first, last = _flanks(scores, free, int(peak), (float(scores[peak]) + usual) / 2)
            bumps.append(_bump(index.frames, first, last, int(peak), float(scores[peak])))
        if len(bumps) == count:
            break
    return bumps


def _flanks(
    scores: NDArray[np.float32], free: NDArray[np.bool_], peak: int, half: float
) -> tuple[int, int]:
    """Give the frames around a peak that are above half its height; take its slopes away."""
    free[peak] = False
    ends = []
    for step in (-1, 1):
        place, end = peak + step, peak
        while 0 <= place < len(scores) and free[place]:
            if scores[place] >= half and end == place - step:
                end = place
            elif scores[place] > scores[place - step]:
                break  # the slope of another peak
            free[place] = False
            place += step
        ends.append(end)
    return ends[0], ends[1]


def _bump(frames: Sequence[IndexedFrame], first: int, last: int, peak: int, score: float) -> _Bump:
    return _Bump(
        segment=Segment(start=frames[first].timestamp, end=frames[last].until),
        peak=frames[peak].timestamp,
        score=score,
    )


def _likeness(index: ClipIndex) -> float:
    """Give how close two moments of a video usually are."""
    vectors, number = index.vectors, len(index)
    if number < 2:
        return 1.0
    total = vectors.sum(axis=0)
    own = float((vectors * vectors).sum())
    return float((total @ total - own) / (number * (number - 1)))
