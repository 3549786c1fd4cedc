"""LangGraph's checkpoints in SQLite, with a serializer that builds our own types and no others.

A checkpoint is a cache of the journal, so it is written without a sync of its own: a killed
process loses nothing, and after a power failure an older checkpoint only makes nodes ask the
journal again for what they already did.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import ormsgpack
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde import _msgpack
from langgraph.checkpoint.serde.jsonplus import (
    EXT_CONSTRUCTOR_KW_ARGS,
    EXT_CONSTRUCTOR_POS_ARGS,
    EXT_CONSTRUCTOR_SINGLE_ARG,
    EXT_METHOD_SINGLE_ARG,
    EXT_PYDANTIC_V2,
    JsonPlusSerializer,
)
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Interrupt, Send

from vau_agent.errors import CheckpointError, IntegrityError, StateTooLargeError
from vau_agent.memory.database import open_database, plain_errors

_SEALED: Final = "msgpack+sha256"
_DIGEST_BYTES: Final = hashlib.sha256().digest_size
_OPTION: Final = ormsgpack.OPT_NON_STR_KEYS
_START_OVER: Final = (
    "delete the checkpoint file and run the same command again; what was journaled is kept"
)

_PLAIN_TYPES: Final[tuple[type, ...]] = (set, frozenset, deque, UUID, Send, Interrupt)
"""What LangGraph itself puts into a checkpoint."""

_FROM_ISO: Final = ("datetime", "datetime", "fromisoformat")

_CONSTRUCTIONS: Final[Mapping[int, Callable[[Any, Any], object]]] = {
    EXT_CONSTRUCTOR_SINGLE_ARG: lambda known, argument: known(argument),
    EXT_CONSTRUCTOR_POS_ARGS: lambda known, arguments: known(*arguments),
    EXT_CONSTRUCTOR_KW_ARGS: lambda known, arguments: known(**arguments),
    EXT_PYDANTIC_V2: lambda known, fields: known.model_validate(fields),
}


@contextlib.contextmanager
def open_checkpointer(
    path: Path,
    allowed: Sequence[type],
    max_bytes: int,
    *,
    busy_seconds: float = 30.0,
) -> Iterator[SqliteSaver]:
    """Open the checkpoints at `path`.

    Args:
        path: SQLite file, created if absent.
        allowed: Types that graph state may hold beside JSON values.
        max_bytes: Largest checkpoint that is written.
        busy_seconds: How long to wait for another process.

    Raises:
        CheckpointError: LangGraph was imported without its strict mode.
        JournalError: The file is damaged or in use.
    """
    if not _msgpack.STRICT_MSGPACK_ENABLED:
        raise CheckpointError(
            "langgraph was imported before vau_agent and without its strict mode; import "
            "vau_agent first, or set LANGGRAPH_STRICT_MSGPACK=true"
        )
    with _plain_errors(path):
        connection = open_database(path, synchronous="NORMAL", busy_seconds=busy_seconds)
    with contextlib.closing(connection):
        # The saver commits its own transactions and expects the driver to begin them.
        connection.isolation_level = "IMMEDIATE"
        connection.text_factory = str
        yield _Saver(connection, path, StrictSerializer(allowed, max_bytes))


class StrictSerializer(JsonPlusSerializer):
    """Reads back what it may write, and nothing else: it imports and calls nothing by name."""

    def __init__(self, allowed: Sequence[type], max_bytes: int) -> None:
        super().__init__(allowed_msgpack_modules=tuple(allowed))
        self._types = {_name(known): known for known in (*_PLAIN_TYPES, *allowed)}
        self._max_bytes = max_bytes

    def dumps_typed(self, obj: object) -> tuple[str, bytes]:
        """Serialize and seal `obj`.

        Raises:
            StateTooLargeError: It is larger than a checkpoint may be.
            CheckpointError: It holds a type that could not be loaded again.
        """
        try:
            kind, data = super().dumps_typed(obj)
        except (TypeError, ormsgpack.MsgpackEncodeError) as error:
            raise CheckpointError(
                f"graph state cannot be saved: {error}; keep it to JSON values and the types "
                "given to open_checkpointer"
            ) from error
        if len(data) > self._max_bytes:
            raise StateTooLargeError(
                f"graph state takes {len(data)} bytes, storage.max_checkpoint_bytes allows "
                f"{self._max_bytes}; keep pictures and long lists in the blob store"
            )
        if kind == "msgpack":
            _unpack(data, self._types)
            return _SEALED, hashlib.sha256(data).digest() + data
        return kind, data

    def loads_typed(self, data: tuple[str, bytes]) -> object:
        """Check the seal of `data` and rebuild what it holds.

        Raises:
            CheckpointError: It is damaged, or names a type that is not allowed.
        """
        kind, payload = data
        if kind in ("null", "bytes"):
            return super().loads_typed(data)
        if kind != _SEALED:
            raise CheckpointError(f"a checkpoint of type {kind!r} is not loaded; {_START_OVER}")
        digest, packed = payload[:_DIGEST_BYTES], payload[_DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            raise CheckpointError(f"a checkpoint does not match its digest; {_START_OVER}")
        return _unpack(packed, self._types)


class _Saver(SqliteSaver):
    """SqliteSaver whose failures are told in plain words."""

    def __init__(self, connection: sqlite3.Connection, path: Path, serde: StrictSerializer) -> None:
        super().__init__(connection, serde=serde)
        self._path = path

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        with _plain_errors(self._path):
            try:
                yield
            except sqlite3.Error:
                with self.lock:
                    self.conn.rollback()
                raise

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        with self._guard():
            return super().get_tuple(config)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        with self._guard():
            return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        with self._guard():
            super().put_writes(config, writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        with self._guard():
            super().delete_thread(thread_id)


@contextlib.contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Tell failures in plain words; a damaged cache is thrown away, not restored."""
    try:
        with plain_errors(path):
            yield
    except (IntegrityError, json.JSONDecodeError) as error:
        raise CheckpointError(f"checkpoint file {str(path)!r} is damaged; {_START_OVER}") from error


def _unpack(packed: bytes, types: Mapping[tuple[str, str], type]) -> object:
    refused: list[str] = []

    def build(code: int, data: bytes) -> object:
        module, name, argument, *method = ormsgpack.unpackb(data, ext_hook=build, option=_OPTION)
        if code == EXT_METHOD_SINGLE_ARG and (module, name, *method) == _FROM_ISO:
            return datetime.fromisoformat(argument)
        known = types.get((module, name))
        make = _CONSTRUCTIONS.get(code)
        if known is None or make is None:
            refused.append(f"{module}.{name}")
            raise ValueError(name)
        return make(known, argument)

    try:
        value: object = ormsgpack.unpackb(packed, ext_hook=build, option=_OPTION)
    except ValueError as error:  # ormsgpack hides what an extension raised
        what = f"names {refused[0]}, which is not allowed" if refused else f"is damaged ({error})"
        raise CheckpointError(f"a checkpoint {what}; {_START_OVER}") from error
    return value


def _name(known: type) -> tuple[str, str]:
    return known.__module__, known.__name__
