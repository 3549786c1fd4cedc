import itertools
import tracemalloc

import numpy as np
import pytest

from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.errors import VideoDecodeError
from vau_agent.memory.clip_index import ClipIndex
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.index_video import choose_sampling, index_video

SETTINGS = RetrievalSettings()
TRIAGE = TriageSettings()


def build(
    reader: Painted,
    *,
    settings: RetrievalSettings = SETTINGS,
    triage: TriageSettings = TRIAGE,
    embedder: ColourEmbedder | None = None,
) -> ClipIndex:
    return index_video(reader, embedder or ColourEmbedder(), settings, triage)


def test_a_frame_that_looks_like_the_one_before_shares_its_entry() -> None:
    embedder = ColourEmbedder()
    reader = Painted(duration_s=20, colours={0: "grey", 8: "red", 12: "grey"})

    index = build(reader, embedder=embedder)

    assert [(one.timestamp, one.until) for one in index.frames] == [(0, 8), (8, 12), (12, 20)]
    assert embedder.images_embedded == 3
    assert index.header.duration_s == 20
    assert index.header.embedder_digest == embedder.digest


def test_a_still_video_gets_an_entry_every_so_often_all_the_same() -> None:
    index = build(Painted(duration_s=100))

    assert [one.timestamp for one in index.frames] == [0, 30, 60, 90]
    assert index.frames[-1].until == 100


def test_entries_follow_one_another_without_gaps() -> None:
    colours = {float(at): ("red", "blue")[at % 2] for at in range(37)}

    index = build(Painted(duration_s=37.5, colours=colours))

    frames = index.frames
    assert all(a.until == b.timestamp for a, b in itertools.pairwise(frames))
    assert (frames[0].timestamp, frames[-1].until) == (0, 37.5)


@pytest.mark.parametrize(("seconds", "entries"), [(16, 16), (64, 16), (1000, 16)])
def test_the_number_of_entries_holds_whatever_the_length(seconds: int, entries: int) -> None:
    colours = {float(at): ("red", "blue", "green")[at % 3] for at in range(seconds)}
    settings = RetrievalSettings(max_frames=entries)

    index = build(Painted(duration_s=seconds, colours=colours, fps=1), settings=settings)

    assert len(index) <= entries
    assert len(index) >= entries / 2


def test_a_long_video_is_indexed_by_its_keyframes_alone() -> None:
    triage = TriageSettings(dense_seconds=60)
    reader = Painted(duration_s=80, colours={0: "grey", 31: "red", 51: "grey"})

    index = build(reader, triage=triage)

    assert reader.decoded == 40
    assert [one.timestamp for one in index.frames] == [0, 30, 32, 52]


@pytest.mark.parametrize(("keyframe_seconds", "by_keyframes"), [(10.0, True), (12.0, False)])
def test_keyframes_too_far_apart_are_no_index(keyframe_seconds: float, by_keyframes: bool) -> None:
    reader = Painted(duration_s=120, keyframe_seconds=keyframe_seconds)

    sampling = choose_sampling(reader, SETTINGS, TriageSettings(dense_seconds=60))

    assert sampling.keyframes is by_keyframes


@pytest.mark.parametrize(("duration", "by_keyframes"), [(60.0, False), (60.1, True)])
def test_what_is_long_holds_from_both_sides(duration: float, by_keyframes: bool) -> None:
    triage = TriageSettings(dense_seconds=60)

    assert choose_sampling(Painted(duration_s=duration), SETTINGS, triage).keyframes is by_keyframes


def test_another_choice_of_frames_has_another_key() -> None:
    reader = Painted(duration_s=60)
    keys = {
        choose_sampling(reader, SETTINGS, TRIAGE).key,
        choose_sampling(reader, RetrievalSettings(fps=2), TRIAGE).key,
        choose_sampling(reader, SETTINGS, TriageSettings(duplicate_block_change=3)).key,
        choose_sampling(reader, SETTINGS, TriageSettings(dense_seconds=10)).key,
    }

    assert len(keys) == 4
    batched = choose_sampling(reader, RetrievalSettings(batch=3), TRIAGE).key
    assert batched == choose_sampling(reader, SETTINGS, TRIAGE).key


def test_frames_are_embedded_in_batches_and_the_rest_at_the_end() -> None:
    embedder = ColourEmbedder()
    colours = {float(at): ("red", "blue")[at % 2] for at in range(7)}

    build(
        Painted(duration_s=7, colours=colours),
        settings=RetrievalSettings(batch=3),
        embedder=embedder,
    )

    assert embedder.batches == [3, 3, 1]


def test_vectors_do_not_depend_on_the_size_of_the_batches() -> None:
    colours = {float(at): ("red", "blue", "yellow")[at % 3] for at in range(8)}
    indexes = [
        build(Painted(duration_s=8, colours=colours), settings=RetrievalSettings(batch=batch))
        for batch in (1, 3, 16)
    ]

    assert all(np.array_equal(indexes[0].vectors, other.vectors) for other in indexes)


def test_progress_is_told_in_order_and_within_bounds() -> None:
    told: list[float] = []
    colours = {float(at): ("red", "blue")[at % 2] for at in range(5)}

    index_video(
        Painted(duration_s=5, colours=colours),
        ColourEmbedder(),
        SETTINGS,
        TRIAGE,
        on_progress=told.append,
    )

    assert told == sorted(told)
    assert told[0] >= 0
    assert told[-1] <= 1


def test_a_video_without_frames_is_refused() -> None:
    with pytest.raises(VideoDecodeError, match="nothing to index"):
        build(Painted(duration_s=0))


def test_memory_does_not_grow_with_the_pictures() -> None:
    def peak(seconds: int) -> int:
        colours = {float(at): ("red", "blue")[at % 2] for at in range(seconds)}
        reader = Painted(duration_s=seconds, colours=colours, fps=1)
        tracemalloc.start()
        try:
            build(reader)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # 64 x 48 pixels are 9 KiB: 400 pictures held at once would be 3.6 MiB more
    assert peak(440) - peak(40) < 1_500_000
