"""The formats that `eval score` knows."""

import pytest

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.registry import FORMATS, find_format


def test_every_format_is_found_by_its_name() -> None:
    assert all(find_format(name).name == name for name in FORMATS)


def test_every_format_says_in_one_line_what_it_reads() -> None:
    for one in FORMATS.values():
        assert one.title and one.predictions
        assert "\n" not in one.title + one.predictions + one.truth


def test_an_unknown_format_is_refused_with_those_that_exist() -> None:
    with pytest.raises(PredictionError, match=r"no format 'x'; known: corevad, frame-scores"):
        find_format("x")
