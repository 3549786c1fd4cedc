"""Tables and curves of a replay, kept beside its records: making them anew takes minutes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from vau_agent.errors import EvaluationError
from vau_agent.evals.report.plots import Curve
from vau_agent.evals.tables import Table

POLICY: Final = "replay"
"""What the header of a replay has for a policy."""
TABLES_NAME: Final = "replay.json"
CURVES_NAME: Final = "curves.json"

_TABLES: Final = TypeAdapter(tuple[Table, ...])
_CURVES: Final = TypeAdapter(tuple[Curve, ...])
_Kept = TypeVar("_Kept")


def keep(folder: Path, tables: Sequence[Table], curves: Sequence[Curve]) -> None:
    """Write both into the folder of a replay."""
    (folder / TABLES_NAME).write_bytes(_TABLES.dump_json(tuple(tables), indent=1))
    (folder / CURVES_NAME).write_bytes(_CURVES.dump_json(tuple(curves)))


def read_tables(folder: Path) -> tuple[Table, ...] | None:
    """Read the tables of a replay; `None` for the folder of another run.

    Raises:
        EvaluationError: They are damaged.
    """
    return _read(folder / TABLES_NAME, _TABLES)


def read_curves(folder: Path) -> tuple[Curve, ...] | None:
    """Read the curves of all frames of a replay; `None` where none were kept.

    Raises:
        EvaluationError: They are damaged.
    """
    return _read(folder / CURVES_NAME, _CURVES)


def _read(path: Path, kind: "TypeAdapter[_Kept]") -> _Kept | None:
    if not path.is_file():
        return None
    try:
        return kind.validate_json(path.read_bytes())
    except ValidationError as error:
        raise EvaluationError(
            f"{path} is damaged; run 'vau-agent eval run --replay' again"
        ) from error
