"""Words for values, and text that cannot act on what shows it.

File names, model answers and zone names come from outside. A terminal obeys escape sequences and
a reader is misled by text that runs backwards, so such characters are shown, not obeyed.
"""

import unicodedata
from typing import Final

from vau_agent.results import ResultVerdict

RISKS: Final = ("low", "medium", "high")
SEVERITIES: Final = ("nothing to do", "worth a look", "needs a person now")
HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that control, order or hide text instead of being seen."""
JOINERS: Final = frozenset("\u200c\u200d")
"""Needed to write several scripts; they neither hide nor reorder anything."""
LEADERS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take a cell for a formula, full-width forms included."""


def visible(text: str, *, keep: str = "\n\t") -> str:
    """Replace every character that would act unseen by its visible escape."""
    return "".join(
        char
        if char in keep or char in JOINERS or unicodedata.category(char) not in HIDDEN
        else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )


def one_line(text: str) -> str:
    """Make text fit one line of a terminal, a table or a subtitle."""
    return visible(" ".join(text.split()), keep="")


def first_sentence(text: str) -> str:
    """Give what stands before the first full stop that ends a sentence, with the stop."""
    head, stop, _ = text.strip().partition(". ")
    return head + stop.rstrip()


def cell(text: str) -> str:
    """Make text safe as a cell of a spreadsheet: a leading apostrophe stops formulas."""
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(LEADERS) else line


def verdict_words(verdict: ResultVerdict) -> str:
    """Write label and category, such as `anomalous: stealing`."""
    category = f": {verdict.category}" if verdict.category else ""
    return one_line(f"{verdict.label}{category}")


def confidence_words(confidence: float | None, *, calibrated: bool) -> str:
    """Write a confidence and whether it may be read as a probability."""
    if confidence is None:
        return "confidence not stated"
    return f"confidence {confidence:.2f}" + ("" if calibrated else " (not calibrated)")


def size_words(count: int) -> str:
    """Write a number of bytes with a fitting unit."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
