"""B8: what a search costs beside FAISS's plain exact index, and what half precision loses."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.benches.measure import Work
from vau_agent.memory.clip_index import ClipIndex, IndexedFrame, IndexHeader

DIM: Final = 384
FOUND: Final = 32
QUERIES: Final = 32
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
GOALS: Final = ("<= 1.10", "<= 1.10", "<= 1.10", "<= 0.05")
CLUSTERS: Final = 400
"""Scenes: frames of a video are no independent draws."""
IVF_LISTS: Final = 1024
IVF_PROBES: Final = 16

Vectors = NDArray[np.float32]
Search = Callable[[Vectors], NDArray[np.int64]]


def searching(work: Work) -> None:
    """One query against 1e3 to 1e6 frames, over IndexFlatIP: time and recall of the best 32."""
    import faiss

    faiss.omp_set_num_threads(1)
    print(
        f"{'frames':>9} {'contender':<22} {'median':>7} {'worst':>7} {'ms':>8} {'recall':>7}  goal"
    )
    for size, goal in zip(SIZES[: 1 if work.quick else None], GOALS, strict=False):
        vectors, queries = _draw(size)
        contenders: dict[str, Search] = {
            "IndexFlatIP": _flat(faiss, vectors),
            "ours": _ours(vectors),
        }
        if size == SIZES[-1]:
            contenders["IVF-SQ8 (not ours)"] = _inverted(faiss, vectors)
        _compare(size, contenders, queries, repeats=work.repeats, goal=goal)


def _compare(
    size: int, contenders: dict[str, Search], queries: Vectors, *, repeats: int, goal: str
) -> None:
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    found: dict[str, list[NDArray[np.int64]]] = {name: [] for name in contenders}
    for search in contenders.values():
        search(queries[:1])  # the first one builds what is built late
    for _ in range(repeats):
        for name, search in contenders.items():
            started = time.process_time()
            found[name] = [search(query[None]) for query in queries]
            spent[name].append((time.process_time() - started) / len(queries))
    base = next(iter(contenders))
    for name, times in spent.items():
        ratios = [one / other for one, other in zip(times, spent[base], strict=True)]
        print(
            f"{size:>9} {name:<22} {np.median(ratios):>7.2f} {max(ratios):>7.2f} "
            f"{1000 * np.median(times):>8.3f} {_recall(found[name], found[base]):>7.3f}  "
            f"{goal if name == 'ours' else ''}",
            flush=True,
        )


def _recall(found: Sequence[NDArray[np.int64]], exact: Sequence[NDArray[np.int64]]) -> float:
    shared = [len(np.intersect1d(one, other)) for one, other in zip(found, exact, strict=True)]
    return float(np.mean(shared)) / FOUND


def _ours(vectors: Vectors) -> Search:
    header = IndexHeader(
        video_sha256="0" * 64,
        video_name="bench",
        duration_s=len(vectors),
        embedder="bench",
        embedder_digest="0" * 64,
        dim=DIM,
        sampling="1 fps",
        created=datetime.now(UTC),
    )
    frames = [
        IndexedFrame.model_construct(timestamp=at, pts=at, until=at + 1)
        for at in range(len(vectors))
    ]
    index = ClipIndex.build(header, frames, vectors)

    def search(query: Vectors) -> NDArray[np.int64]:
        (matches,) = index.search(query, FOUND)
        return np.array([match.frame.pts for match in matches])

    return search


def _flat(faiss: Any, vectors: Vectors) -> Search:  # noqa: ANN401 - FAISS has no types
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    return lambda query: index.search(query, FOUND)[1][0]


def _inverted(faiss: Any, vectors: Vectors) -> Search:  # noqa: ANN401
    """Give what an index across many videos could be: lists of neighbours at 8 bits."""
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(DIM),
        DIM,
        IVF_LISTS,
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.train(vectors[:: max(1, len(vectors) // (40 * IVF_LISTS))])
    index.add(vectors)
    index.nprobe = IVF_PROBES
    return lambda query: index.search(query, FOUND)[1][0]


def _draw(size: int) -> tuple[Vectors, Vectors]:
    chance = np.random.default_rng(8)
    scenes = chance.standard_normal((CLUSTERS, DIM), dtype=np.float32)

    def draw(count: int) -> Vectors:
        drawn = scenes[chance.integers(0, CLUSTERS, count)]
        drawn += chance.standard_normal((count, DIM), dtype=np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return drawn

    return draw(size), draw(QUERIES)
