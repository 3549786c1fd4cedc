"""B9: what the journal and the checkpoints cost a node, in time and in bytes."""

import vau_agent  # noqa: F401 - sets LangGraph's strict mode, so it comes before LangGraph

# isort: split
import contextlib
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from scripts.benches.measure import Work
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.checkpointer import open_checkpointer
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import this_process
from vau_agent.schemas import Claim, FrameRef, Reasoning, Segment, Verdict
from vau_agent.settings import StorageSettings

NODES: Final = 20
FRAMES: Final = 1000
BARE: Final = "LangGraph + SqliteSaver, sync"


class State(TypedDict):
    """What a chain of reasoning nodes hands on: small values and one reference."""

    evidence: str
    """Blob that lists the frames."""
    reasoning: Reasoning | None
    step: int


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Something that saves checkpoints, and perhaps writes down what each node did."""

    saver: BaseCheckpointSaver[str] | None
    record: Callable[[str, Reasoning], None] | None = None


def checkpoints(work: Work) -> None:
    """Time and bytes a node takes to be durable, its journal record included."""
    with tempfile.TemporaryDirectory(dir=_make(work.folder)) as folder:
        home = Path(folder)
        evidence, blob_bytes = _store_evidence(home)
        contenders: dict[str, Callable[[Path, str], contextlib.AbstractContextManager[Contender]]]
        contenders = {
            BARE: _bare,
            "ours: journal + checkpoint": _ours,
            "  the same, checkpoint synced too": _ours_synced,
            "  journal alone": _journal_alone,
            "no checkpoints, nothing kept": _nothing,
        }
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(1 + 2 * work.repeats):
            for name, open_contender in contenders.items():
                with open_contender(home, f"run-{turn}") as contender:
                    spent = _run_chain(contender, f"run-{turn}", evidence)
                if turn:  # the first round creates files and warms imports
                    seconds[name].append(spent)
        _print_times(seconds)
        _print_bytes(home, blob_bytes)


def _print_times(seconds: Mapping[str, list[float]]) -> None:
    print(f"{'contender':<36} {'median':>7} {'worst':>7} {'ms a node':>10}  goal")
    for name, spent in seconds.items():
        ratios = [one / bare for one, bare in zip(spent, seconds[BARE], strict=True)]
        goal = "<= 1.3" if name.startswith("ours") else ""
        print(
            f"{name:<36} {median(ratios):>7.2f} {max(ratios):>7.2f} "
            f"{1000 * median(spent):>10.2f}  {goal}"
        )


def _print_bytes(home: Path, blob_bytes: int) -> None:
    with contextlib.closing(sqlite3.connect(home / "ours" / "checkpoints.sqlite3")) as database:
        largest, kept = database.execute(
            "SELECT max(length(checkpoint)), sum(length(checkpoint) + length(metadata)) "
            "FROM checkpoints"
        ).fetchone()
        (written,) = database.execute("SELECT sum(length(value)) FROM writes").fetchone()
        (runs,) = database.execute("SELECT count(DISTINCT thread_id) FROM checkpoints").fetchone()
    nodes = NODES * runs
    journal = (home / "ours" / "journal.sqlite3").stat().st_size
    file = (home / "ours" / "checkpoints.sqlite3").stat().st_size
    bare = (home / "bare.sqlite3").stat().st_size
    for name, value, goal in (
        ("largest checkpoint", largest, "<= 65536"),
        ("checkpoint and writes a node", (kept + written) / nodes, ""),
        ("checkpoint file a node", file / nodes, ""),
        ("journal file a node", journal / nodes, ""),
        ("both files a node", (file + journal) / nodes, "<= 10240"),
        ("bare checkpoint file a node", bare / nodes, ""),
        (f"{FRAMES} frames, one blob a run", blob_bytes, ""),
    ):
        print(f"{name:<36} {value:>10.0f} bytes  {goal}")


def _run_chain(contender: Contender, thread: str, evidence: str) -> float:
    """Run the chain once and return seconds a node took."""
    graph = StateGraph(State)

    def node(state: State) -> dict[str, object]:
        reasoning = _reason(state["step"])
        if contender.record is not None:
            contender.record(f"node-{state['step']}", reasoning)
        return {"reasoning": reasoning, "step": state["step"] + 1}

    for number in range(NODES):
        graph.add_node(f"node-{number}", node)
        graph.add_edge(f"node-{number - 1}" if number else START, f"node-{number}")
    graph.add_edge(f"node-{NODES - 1}", END)
    compiled = graph.compile(checkpointer=contender.saver)
    started = time.perf_counter()
    compiled.invoke(
        {"evidence": evidence, "reasoning": None, "step": 0},
        {"configurable": {"thread_id": thread}, "recursion_limit": NODES + 5},
        durability="sync" if contender.saver else None,
    )
    return (time.perf_counter() - started) / NODES


def _reason(step: int) -> Reasoning:
    """Give a reasoning of the usual size, another one at each step."""
    claims = tuple(
        Claim(text=f"{step}: two people push each other near the door", frames=(f"f{at}", "f7"))
        for at in range(6)
    )
    segment = Segment(start=12.0, end=16.5)
    verdict = Verdict(label="anomalous", category="fighting", segment=segment, confidence=0.8)
    return Reasoning(claims=claims, verdict=verdict)


def _store_evidence(home: Path) -> tuple[str, int]:
    chance = random.Random(1)
    frames = [
        FrameRef(
            frame_id=f"f{at}", timestamp=at / 3, pts=at * 30, sha256=chance.randbytes(32).hex()
        )
        for at in range(FRAMES)
    ]
    blobs = BlobStore(home / "blobs")
    sha256 = blobs.put_json([frame.model_dump(mode="json") for frame in frames])
    return sha256, blobs.path(sha256).stat().st_size


@contextlib.contextmanager
def _bare(home: Path, run_id: str) -> Iterator[Contender]:
    with SqliteSaver.from_conn_string(str(home / "bare.sqlite3")) as saver:
        yield Contender(saver=saver)


@contextlib.contextmanager
def _ours(home: Path, run_id: str, *, folder: str = "ours") -> Iterator[Contender]:
    limit = StorageSettings().max_checkpoint_bytes
    path = _make(home / folder) / "checkpoints.sqlite3"
    with (
        open_checkpointer(path, [Reasoning], limit) as saver,
        _journal_alone(home, run_id, folder=folder) as journaled,
    ):
        yield Contender(saver=saver, record=journaled.record)


@contextlib.contextmanager
def _ours_synced(home: Path, run_id: str) -> Iterator[Contender]:
    with _ours(home, run_id, folder="synced") as contender:
        if isinstance(contender.saver, SqliteSaver):
            contender.saver.conn.execute("PRAGMA synchronous=FULL")
        yield contender


@contextlib.contextmanager
def _journal_alone(home: Path, run_id: str, *, folder: str = "alone") -> Iterator[Contender]:
    with Journal.open(_make(home / folder) / "journal.sqlite3") as journal:
        journal.create_run(run_id, {"video": "bench"})
        with journal.hold(run_id, this_process(), StorageSettings().lease_seconds) as lease:

            def record(key: str, reasoning: Reasoning) -> None:
                body = {"reasoning": reasoning.model_dump(mode="json")}
                if journal.find(run_id, key) is None:
                    journal.append(lease, "node.finished", key, body)

            yield Contender(saver=None, record=record)


@contextlib.contextmanager
def _nothing(home: Path, run_id: str) -> Iterator[Contender]:
    yield Contender(saver=None)


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
