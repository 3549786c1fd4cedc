"""Every format of predictions, by the name that `--format` takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.corevad import COREVAD
from vau_agent.evals.formats.frame_scores import FRAME_SCORES
from vau_agent.evals.formats.intervals import INTERVALS
from vau_agent.evals.formats.keyword_captions import KEYWORD_CAPTIONS
from vau_agent.evals.formats.qvhighlights import QVHIGHLIGHTS
from vau_agent.evals.formats.smarthome import SMARTHOME_ANSWERS
from vau_agent.evals.formats.sultani_roc import SULTANI_ROC
from vau_agent.evals.formats.vau_bench import VAU_BENCH_ANSWERS
from vau_agent.evals.formats.vau_records import VAU_RECORDS

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        one.name: one
        for one in (
            COREVAD,
            KEYWORD_CAPTIONS,
            QVHIGHLIGHTS,
            SMARTHOME_ANSWERS,
            SULTANI_ROC,
            VAU_BENCH_ANSWERS,
            FRAME_SCORES,
            INTERVALS,
            VAU_RECORDS,
        )
    }
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
