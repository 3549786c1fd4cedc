import hashlib
import logging
import os
import random
import sqlite3
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypedDict
from uuid import UUID

import ormsgpack
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from vau_agent.errors import CheckpointError, JournalError, StateTooLargeError
from vau_agent.memory.checkpointer import StrictSerializer, open_checkpointer
from vau_agent.schemas import Segment, Verdict

LIMIT = 65_536
THREAD: RunnableConfig = {"configurable": {"thread_id": "run-1"}}


class State(TypedDict):
    segment: Segment | None
    note: str
    steps: int


Graph = CompiledStateGraph[State, None, State, State]


class Node(Protocol):
    def __call__(self, state: State) -> dict[str, object]: ...


def propose(state: State) -> dict[str, object]:
    return {"segment": Segment(start=1, end=2), "steps": state["steps"] + 1}


def count(state: State) -> dict[str, object]:
    return {"steps": state["steps"] + 1}


def graph_over(saver: SqliteSaver, last: Node = count) -> Graph:
    graph = StateGraph(State)
    graph.add_node("propose", propose)
    graph.add_node("last", last)
    graph.add_edge(START, "propose")
    graph.add_edge("propose", "last")
    graph.add_edge("last", END)
    return graph.compile(checkpointer=saver)


START_STATE: State = {"segment": None, "note": "", "steps": 0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints.sqlite3"


def test_a_thread_continues_in_a_later_process_with_its_own_types(path: Path) -> None:
    def fail(state: State) -> dict[str, object]:
        raise RuntimeError("power cut")

    with (
        open_checkpointer(path, [Segment], LIMIT) as saver,
        pytest.raises(RuntimeError, match="power cut"),
    ):
        graph_over(saver, fail).invoke(START_STATE, THREAD, durability="sync")

    with open_checkpointer(path, [Segment], LIMIT) as saver:
        graph = graph_over(saver)
        assert graph.get_state(THREAD).values["segment"] == Segment(start=1, end=2)
        assert graph.invoke(None, THREAD, durability="sync")["steps"] == 2


def test_a_type_that_could_not_be_loaded_again_is_not_written(path: Path) -> None:
    with (
        open_checkpointer(path, [Verdict], LIMIT) as saver,
        pytest.raises(CheckpointError, match=r"vau_agent.schemas.Segment, which is not"),
    ):
        graph_over(saver).invoke(START_STATE, THREAD, durability="sync")


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"bytes",
        {"a": [1, 0.5, "é", None, True]},
        {1: "number as key"},
        Segment(start=0.1, end=0.2),
        [Verdict(label="normal", confidence=0.5)],
        datetime(2026, 11, 22, 12, tzinfo=UTC),
        {"a", "b"},
        deque([1, 2]),
        UUID(int=7),
        Send("node", {"x": Segment(start=1, end=2)}),
    ],
)
def test_values_come_back_as_they_were(value: object) -> None:
    serializer = StrictSerializer([Segment, Verdict], LIMIT)

    assert serializer.loads_typed(serializer.dumps_typed(value)) == value


def test_a_value_that_cannot_be_saved_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"cannot be saved: .*keep it to JSON values"):
        StrictSerializer([], LIMIT).dumps_typed({"model": object()})


def test_a_graph_that_names_more_types_is_given_none() -> None:
    serializer = StrictSerializer([Verdict], LIMIT)

    merged = serializer.with_msgpack_allowlist([Segment])

    with pytest.raises(CheckpointError, match=r"vau_agent.schemas.Segment, which is not allowed"):
        merged.dumps_typed(Segment(start=1, end=2))


def test_a_state_may_be_as_large_as_the_setting_and_no_larger() -> None:
    serializer = StrictSerializer([], 1024)
    head = len(ormsgpack.packb("x" * 1000)) - 1000

    serializer.dumps_typed("x" * (1024 - head))
    serializer.dumps_typed(b"x" * 1024)

    for value in ("x" * (1025 - head), b"x" * 1025):
        with pytest.raises(
            StateTooLargeError, match=r"takes 1025 bytes, storage.max_checkpoint_bytes allows 1024"
        ):
            serializer.dumps_typed(value)


def test_a_graph_whose_state_grows_too_large_stops(path: Path) -> None:
    def swell(state: State) -> dict[str, object]:
        return {"note": "x" * LIMIT}

    with (
        open_checkpointer(path, [Segment], LIMIT) as saver,
        pytest.raises(StateTooLargeError, match="keep pictures and long lists in the blob"),
    ):
        graph_over(saver, swell).invoke(START_STATE, THREAD, durability="sync")


def sealed(packed: bytes) -> tuple[str, bytes]:
    """Seal a payload as somebody would who knows the format."""
    return "msgpack+sha256", hashlib.sha256(packed).digest() + packed


def hostile(code: int, *fields: object) -> bytes:
    return ormsgpack.packb({"state": [ormsgpack.Ext(code, ormsgpack.packb(fields))]})


HOSTILE = {
    "one argument": hostile(0, "os", "getenv", "HOME"),
    "arguments": hostile(1, "os", "system", ("touch called",)),
    "keywords": hostile(2, "subprocess", "run", {"args": ["true"]}),
    "method": hostile(3, "os", "environ", "HOME", "get"),
    "method of a known type": hostile(3, "vau_agent.schemas", "Segment", {}, "model_construct"),
    "pydantic 1": hostile(4, "os", "getenv", {"key": "HOME"}),
    "pydantic 2": hostile(5, "os", "getenv", {"key": "HOME"}, "model_validate_json"),
    "pickled array": hostile(6, "|O", (1,), "C", b"x"),
    "unknown extension": hostile(99, "a", "b", "c"),
    "too few fields": hostile(0, "os"),
    "not a sequence": ormsgpack.packb(ormsgpack.Ext(0, b"\x01")),
    "inside a known type": hostile(
        5,
        "vau_agent.schemas",
        "Segment",
        {"start": ormsgpack.Ext(0, ormsgpack.packb(("os", "getenv", "HOME"))), "end": 2},
        "",
    ),
    "values that do not fit": hostile(
        5, "vau_agent.schemas", "Segment", {"start": 2, "end": 1}, ""
    ),
    "no msgpack": b"\xc1\xc1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_payload_that_names_something_else_is_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match="delete the checkpoint file and run the same"):
        StrictSerializer([Segment], LIMIT).loads_typed(sealed(HOSTILE[name]))


@pytest.mark.parametrize("kind", ["msgpack", "json", "pickle", "bytearray", "", "msgpack+crc"])
def test_payloads_of_other_types_are_refused(kind: str) -> None:
    payload = b'{"lc": 2, "type": "constructor", "id": ["os", "getenv"], "args": ["HOME"]}'

    with pytest.raises(CheckpointError, match=f"of type '{kind.replace('+', '.')}' is not loaded"):
        StrictSerializer([Segment], LIMIT).loads_typed((kind, payload))


AUDIT = """
import os, sys
import ormsgpack

import vau_agent
from vau_agent.errors import CheckpointError
from vau_agent.memory.checkpointer import StrictSerializer
from vau_agent.schemas import Segment

seen = []
watched = ("import", "exec", "compile", "open", "os.system", "subprocess.Popen", "ctypes.dlopen")
serializer = StrictSerializer([Segment], 65536)
original, os.getenv = os.getenv, lambda *names: seen.append(("getenv", names))
sys.addaudithook(lambda event, args: seen.append((event, args)) if event in watched else None)
refused = 0
for line in sys.stdin.read().split():
    try:
        serializer.loads_typed(("msgpack+sha256", bytes.fromhex(line)))
    except CheckpointError:
        refused += 1
print(refused, seen)
"""


@pytest.mark.slow
def test_hostile_payloads_import_and_call_nothing() -> None:
    lines = [sealed(payload)[1].hex() for payload in HOSTILE.values()]

    ran = subprocess.run(
        [sys.executable, "-c", AUDIT],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.stdout == f"{len(HOSTILE)} []\n", ran.stderr


def test_a_hostile_checkpoint_in_the_file_is_refused(path: Path) -> None:
    with open_checkpointer(path, [Segment], LIMIT) as saver:
        graph_over(saver).invoke(START_STATE, THREAD, durability="sync")
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE checkpoints SET type = ?, checkpoint = ?", sealed(HOSTILE["one argument"])
    )
    connection.commit()
    connection.close()

    with (
        open_checkpointer(path, [Segment], LIMIT) as saver,
        pytest.raises(CheckpointError, match=r"names os.getenv, which is not allowed"),
    ):
        graph_over(saver).get_state(THREAD)


@pytest.mark.slow
def test_a_program_without_strict_mode_is_refused(tmp_path: Path) -> None:
    program = (
        "import langgraph.checkpoint.serde.jsonplus\n"
        "from pathlib import Path\n"
        "from vau_agent.memory.checkpointer import open_checkpointer\n"
        f"with open_checkpointer(Path({str(tmp_path / 'c.sqlite3')!r}), [], 1024): pass\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if name != "LANGGRAPH_STRICT_MSGPACK"
    }

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60
    )

    assert "CheckpointError: langgraph was imported before vau_agent" in ran.stderr


def test_flipped_bytes_never_pass_for_a_state(path: Path, tmp_path: Path) -> None:
    with open_checkpointer(path, [Segment], LIMIT) as saver:
        graph = graph_over(saver)
        graph.invoke(START_STATE, THREAD, durability="sync")
        states = [state.values for state in graph.get_state_history(THREAD)]
    whole = path.read_bytes()
    copy = tmp_path / "copy.sqlite3"
    chance = random.Random(5)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        at = chance.randrange(len(whole) - 4)
        damaged[at : at + 4] = chance.randbytes(4)
        copy.write_bytes(damaged)
        try:
            with open_checkpointer(copy, [Segment], LIMIT) as saver:
                assert graph_over(saver).get_state(THREAD).values in [*states, {}]
        except JournalError:
            refused += 1
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    assert refused > 5


def test_a_damaged_file_is_thrown_away_not_restored(path: Path) -> None:
    path.write_bytes(b"this is a text about something else\n" * 100)

    with (
        pytest.raises(CheckpointError, match="is damaged; delete the checkpoint file and run"),
        open_checkpointer(path, [Segment], LIMIT),
    ):
        pass


def test_damage_beside_the_state_is_told_in_plain_words(path: Path) -> None:
    with open_checkpointer(path, [Segment], LIMIT) as saver:
        graph_over(saver).invoke(START_STATE, THREAD, durability="sync")
        saver.conn.execute("UPDATE checkpoints SET metadata = ?", (b"{'",))
        saver.conn.commit()
        with pytest.raises(CheckpointError, match="is damaged; delete the checkpoint file"):
            saver.get_tuple(THREAD)
        saver.delete_thread("run-1")
        assert saver.get_tuple(THREAD) is None


def test_a_checkpoint_file_in_use_says_so(path: Path) -> None:
    with open_checkpointer(path, [Segment], LIMIT, busy_seconds=0.05) as saver:
        graph_over(saver).invoke(START_STATE, THREAD, durability="sync")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="in use by another process; wait"):
            saver.delete_thread("run-1")
        other.execute("ROLLBACK")
        other.close()
        saver.delete_thread("run-1")
        assert saver.get_tuple(THREAD) is None


def test_langgraph_asks_for_no_other_types_and_warns_of_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), open_checkpointer(path, [Segment], LIMIT) as saver:
        graph_over(saver).invoke(START_STATE, THREAD, durability="sync")

    assert caplog.records == []


@pytest.mark.slow
def test_the_journal_loads_without_langgraph() -> None:
    program = (
        "import sys\n"
        "import vau_agent.memory.journal, vau_agent.memory.blobs\n"
        "print([name for name in ('langgraph', 'av', 'numpy') if name in sys.modules])\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )

    assert ran.stdout == "[]\n", ran.stderr
