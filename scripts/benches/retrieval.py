"""Text search over public clips: is the right clip among the first three, by embedder.

The questions are fixed in retrieval_queries.py. Clips get numbers for names, so nothing can be read
from these. A model of random weights and chance itself stand beside.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.benches.measure import ROOT, Work
from scripts.benches.retrieval_queries import ABSURD, QUERIES
from vau_agent.errors import VauAgentError
from vau_agent.memory.clip_index import ClipIndex
from vau_agent.memory.embedders.base import Embedder
from vau_agent.memory.embedders.factory import open_embedder
from vau_agent.memory.index_store import IndexStore
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.contrast import best_scores
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.video.factory import open_video
from vau_agent.torchvision_shim import install_shim

DATA: Final = ROOT / "../shared/data"
STREET: Final = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
MODELS: Final = ROOT / ".models"
RANDOM_ARCHITECTURE: Final = "ViT-S-32"
FIRST: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """A file and the groups that it belongs to."""

    path: Path
    groups: frozenset[str]


def retrieval(work: Work) -> None:
    """hits@3 over public clips by embedder, and "no strong match" on real and absurd questions."""
    if not (DATA / "manifest.json").exists():
        print("the public clips are not beside the repository; nothing was measured")
        return
    clips = read_clips(work.folder / "named-by-number")
    if work.quick:
        clips = clips[::8]
    queries = dict(list(QUERIES.items())[:: 10 if work.quick else 1])
    print(f"n = {len(clips)} clips, {len(queries)} questions, {len(ABSURD)} absurd ones")
    print(f"| embedder | hits@{FIRST} (95 %) | strong, real | strong, absurd |")
    print("| --- | --- | --- | --- |")
    details: dict[str, dict[str, bool]] = {}
    for name, specification in contenders(work):
        try:
            embedder = open_embedder(
                specification,
                models=MODELS,
                batch=16,
                offline=True,
            )
            details[name] = measure_embedder(name, embedder, clips, queries, work)
        except VauAgentError as error:
            print(f"| {name} | {error} | | |")
    expected = [_chance(len(clips), len(wanted(clips, groups))) for groups in queries.values()]
    print(f"| chance | {sum(expected) / len(expected):.2f} expected | | |")
    print_details(queries, details)


def contenders(work: Work) -> Iterator[tuple[str, str]]:
    """Give the embedders by name, as what opens them; weights drawn at random are made here."""
    yield "conse", "conse"
    if work.quick:
        return
    for seed in range(3):
        weights = random_weights(work.folder, seed)
        yield f"open_clip, random weights {seed}", f"open_clip:{RANDOM_ARCHITECTURE}/{weights}"


def random_weights(folder: Path, seed: int) -> Path:
    """Save a CLIP model that has learnt nothing."""
    path = folder / f"random-{RANDOM_ARCHITECTURE}-{seed}.safetensors"
    if not path.exists():
        install_shim()
        import open_clip
        import torch
        from safetensors.torch import save_model

        torch.manual_seed(seed)
        save_model(open_clip.create_model(RANDOM_ARCHITECTURE), str(path))
    return path


def read_clips(links: Path) -> list[Clip]:
    """Link every clip under a number and note its groups."""
    manifest = json.loads((DATA / "manifest.json").read_text())
    entries = manifest if isinstance(manifest, list) else manifest["clips"]
    found = [
        (DATA / entry["file"], _groups(Path(entry["file"]).parts[1], str(entry["label"])))
        for entry in entries
    ]
    if STREET.is_file():
        found.append((STREET, frozenset({"vtest"})))
    links.mkdir(parents=True, exist_ok=True)
    clips = []
    for number, (path, groups) in enumerate(found, start=1):
        link = links / f"{number:03d}{path.suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
        clips.append(Clip(path=link, groups=groups))
    return clips


def measure_embedder(
    name: str,
    embedder: Embedder,
    clips: list[Clip],
    queries: Mapping[str, tuple[str, ...]],
    work: Work,
) -> dict[str, bool]:
    """Print one row; give which questions were hits."""
    opened = Retrieval(
        embedder=embedder,
        store=IndexStore(root=work.folder / "indexes"),
        settings=RetrievalSettings(),
        triage=TriageSettings(),
    )
    indexes = [_indexed(opened, clip.path) for clip in clips]
    hits = {
        query: bool(first(embedder, indexes, query) & wanted(clips, groups))
        for query, groups in queries.items()
    }
    strong = [any(one.strong for one in opened.search(indexes, query)) for query in queries]
    absurd = [any(one.strong for one in opened.search(indexes, query)) for query in ABSURD]
    cells = (_share(list(hits.values())), _share(strong), _share(absurd))
    print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return hits


def first(embedder: Embedder, indexes: list[ClipIndex], query: str) -> set[int]:
    """Give the numbers of the clips whose best frame comes first."""
    vector = embedder.embed_texts([query])
    scores = [float(best_scores(index, vector)[0]) for index in indexes]
    return set(sorted(range(len(scores)), key=lambda clip: -scores[clip])[:FIRST])


def wanted(clips: list[Clip], groups: tuple[str, ...]) -> set[int]:
    """Give the numbers of the clips that count as hits."""
    return {number for number, clip in enumerate(clips) if clip.groups & set(groups)}


def print_details(
    queries: Mapping[str, tuple[str, ...]], details: Mapping[str, dict[str, bool]]
) -> None:
    """Print each question with the embedders that found it."""
    print("\n| question | found by |\n| --- | --- |")
    for query in queries:
        found = ", ".join(name for name, hits in details.items() if hits[query])
        print(f"| {query} | {found or '-'} |")


def _groups(folder: str, label: str) -> frozenset[str]:
    return frozenset({folder, f"{folder}:{label}"})


def _indexed(opened: Retrieval, path: Path) -> ClipIndex:
    with open_video(path) as reader:
        return opened.index(reader, source=path)


def _chance(clips: int, right: int) -> float:
    """Give the probability that three clips drawn at random hold a right one."""
    return 1 - math.comb(clips - right, FIRST) / math.comb(clips, FIRST)


def _share(outcomes: list[bool]) -> str:
    low, high = _wilson(sum(outcomes), len(outcomes))
    share = sum(outcomes) / len(outcomes)
    return f"{sum(outcomes)}/{len(outcomes)} = {share:.2f} ({low:.2f}-{high:.2f})"


def _wilson(good: int, count: int, *, z: float = 1.96) -> tuple[float, float]:
    share, factor = good / count, 1 + z * z / count
    middle = (share + z * z / (2 * count)) / factor
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / factor
    return max(0.0, middle - half), min(1.0, middle + half)
