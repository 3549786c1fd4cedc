import pytest

from vau_agent.reports.text import (
    cell,
    confidence_words,
    first_sentence,
    one_line,
    size_words,
    verdict_words,
    visible,
)
from vau_agent.results import ResultVerdict


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("lobby\u202e4pm.exe", "lobby\\u202e4pm.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("nul\x00", "nul\\x00"),
        ("half \ud800", "half \\ud800"),
        ("line\u2028break", "line\\u2028break"),
        ("two\nlines\tkept", "two\nlines\tkept"),
        (
            "\xdcber \u5f37\u76d7 \u0633 \u0645\u200c\u062e",
            "\xdcber \u5f37\u76d7 \u0633 \u0645\u200c\u062e",
        ),
    ],
)
def test_what_acts_unseen_is_shown(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


def test_one_line_has_neither_breaks_nor_escapes() -> None:
    assert one_line(" a\r\nb\t c\x07 ") == "a b c\\x07"


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1+1", "\uff20x"]
)
def test_a_cell_is_never_a_formula(formula: str) -> None:
    assert cell(formula).startswith("'")


@pytest.mark.parametrize("plain", ["", "12.5", "a=b", "person - left", "'quoted'"])
def test_a_plain_cell_is_left_alone(plain: str) -> None:
    assert cell(plain) == plain


@pytest.mark.parametrize(
    ("text", "first"),
    [("One. Two.", "One."), ("At 1.3 s it moves.", "At 1.3 s it moves."), ("", ""), ("a", "a")],
)
def test_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_words_of_a_verdict() -> None:
    assert verdict_words(ResultVerdict(label="anomalous", category="fall")) == "anomalous: fall"
    assert verdict_words(ResultVerdict(label="normal")) == "normal"


def test_confidence_says_whether_it_is_calibrated() -> None:
    assert confidence_words(0.614, calibrated=False) == "confidence 0.61 (not calibrated)"
    assert confidence_words(0.5, calibrated=True) == "confidence 0.50"
    assert confidence_words(None, calibrated=False) == "confidence not stated"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (94_371_840, "94.4 MB"),
     (5 * 10**12, "5.0 TB")],
)  # fmt: skip
def test_sizes(count: int, text: str) -> None:
    assert size_words(count) == text
