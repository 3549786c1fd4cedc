"""Judgements are paid for once: kept by what was judged, by whom and with which wording.

One SQLite file, which any number of processes may share; a killed one loses at most the judgement
it was waiting for. A judge that could not be asked leaves nothing behind.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from vau_agent.errors import IntegrityError
from vau_agent.evals.judge.base import (
    Judge,
    JudgeCase,
    JudgeScores,
    PairCase,
    PairJudge,
    PairVote,
)
from vau_agent.memory.database import open_database, plain_errors
from vau_agent.schemas import Value

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS judgements ("
    "key TEXT PRIMARY KEY, judge TEXT NOT NULL, digest TEXT NOT NULL, said TEXT NOT NULL)"
)
_BUSY_SECONDS: Final = 30.0
_Said = TypeVar("_Said", bound=Value)


@dataclass(frozen=True, kw_only=True)
class JudgementCache:
    """The file; connections are opened for one look or one entry each."""

    path: Path

    def find(self, key: str, model: type[_Said]) -> _Said | None:
        """Give what was said, if it is known.

        Raises:
            IntegrityError: The entry is not what was written.
        """
        with plain_errors(self.path), closing(self._open()) as connection:
            row = connection.execute("SELECT said FROM judgements WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        try:
            return model.model_validate_json(row[0])
        except ValidationError as error:
            raise IntegrityError(
                f"judgement {key[:12]} in {str(self.path)!r} is damaged; remove the file to judge "
                "anew"
            ) from error

    def keep(self, key: str, *, judge: str, digest: str, said: Value) -> None:
        """Store what was said; whoever was first stays."""
        with plain_errors(self.path), closing(self._open()) as connection:
            connection.execute(
                "INSERT OR IGNORE INTO judgements (key, judge, digest, said) VALUES (?, ?, ?, ?)",
                (key, judge, digest, said.model_dump_json()),
            )

    def recall(
        self, judge: Judge | PairJudge, case: Value, model: type[_Said], ask: Callable[[], _Said]
    ) -> _Said:
        """Give what the judge said of this case, asking only when that is not known."""
        key = judgement_key(judge.name, judge.digest, case)
        known = self.find(key, model)
        if known is not None:
            return known
        self.keep(key, judge=judge.name, digest=judge.digest, said=ask())
        stored = self.find(key, model)
        if stored is None:
            raise IntegrityError(f"{str(self.path)!r} lost a judgement while it was in use")
        return stored

    def _open(self) -> sqlite3.Connection:
        connection = open_database(self.path, synchronous="NORMAL", busy_seconds=_BUSY_SECONDS)
        connection.execute(_TABLE)
        return connection


@dataclass(frozen=True, kw_only=True)
class CachedJudge:
    """A judge that is asked once for each case."""

    inner: Judge
    cache: JudgementCache

    @property
    def name(self) -> str:
        """The judge's own."""
        return self.inner.name

    @property
    def digest(self) -> str:
        """The judge's own."""
        return self.inner.digest

    def judge(self, case: JudgeCase) -> JudgeScores:
        """Grade one answer, or recall how it was graded."""
        return self.cache.recall(self.inner, case, JudgeScores, lambda: self.inner.judge(case))


@dataclass(frozen=True, kw_only=True)
class CachedPairJudge:
    """A judge of pairs that is asked once for each pair and order."""

    inner: PairJudge
    cache: JudgementCache

    @property
    def name(self) -> str:
        """The judge's own."""
        return self.inner.name

    @property
    def digest(self) -> str:
        """The judge's own."""
        return self.inner.digest

    def vote(self, case: PairCase) -> PairVote:
        """Compare two answers, or recall how they compared."""
        return self.cache.recall(self.inner, case, PairVote, lambda: self.inner.vote(case))


def judgement_key(name: str, digest: str, case: Value) -> str:
    """Give the SHA-256 of who judged, with which wording, and what."""
    told = [name, digest, case.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
