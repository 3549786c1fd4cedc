"""Every format of predictions, by the name that `--format` takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.corevad import COREVAD

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in (COREVAD,)}
)


def find_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        PredictionError: There is none.
    """
    try:
        return FORMATS[name]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        raise PredictionError(f"no format {name!r}; known: {known}") from None
