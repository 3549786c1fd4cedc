"""Running text into claims and back: sentences, citations such as `[f3 f7]`, escaping."""

import re
from typing import Final

from vau_agent.schemas import Claim

_CITATION: Final = re.compile(r"\[f\d+(?:[ ,;]+f\d+)*\]")
_FRAME: Final = re.compile(r"f\d+")
_SENTENCE_END: Final = re.compile(r"(?<![.!?…])[.!?…]++[\"')\]»”]*+(?=\s|$|\[f)")
_LEADING_CITATIONS: Final = re.compile(r"\s*((?:\[f\d+(?:[ ,;]+f\d+)*\]\s*)+)")
_PARAGRAPH: Final = re.compile(r"\n[ \t]*(?:(?:[-*•]|\d{1,2}[.)])[ \t]+|\n)")
_BULLET: Final = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_LONGEST_ABBREVIATION: Final = 12
_ABBREVIATIONS: Final = frozenset(
    (
        "approx",
        "ca",
        "cf",
        "e.g",
        "etc",
        "fig",
        "i.e",
        "mr",
        "mrs",
        "ms",
        "dr",
        "sec",
        "vs",
        "a.m",
        "p.m",
    )
)


def escape(text: str) -> str:
    """Make `text` unable to hold a tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.replace("&lt;", "<").replace("&amp;", "&")


def split_claims(body: str) -> tuple[Claim, ...]:
    """Cut running text into sentences; citations such as `[f3 f7]` go with theirs."""
    claims: list[Claim] = []
    for paragraph in _PARAGRAPH.split(body):
        claims.extend(_paragraph_claims(_BULLET.sub("", paragraph).strip()))
    return tuple(claims)


def _paragraph_claims(paragraph: str) -> list[Claim]:
    claims: list[Claim] = []
    start = 0
    for end in _SENTENCE_END.finditer(paragraph):
        if end.start() < start:
            continue
        citations = _LEADING_CITATIONS.match(paragraph, end.end())
        stop = citations.end() if citations else end.end()
        last_word = paragraph[max(start, end.start() - _LONGEST_ABBREVIATION) : end.start()]
        ends_line = paragraph[stop : stop + 1] == "\n"
        if not (citations or ends_line) and _is_abbreviation(last_word):
            continue
        claims.extend(_claim(paragraph[start:stop]))
        start = stop
    claims.extend(_claim(paragraph[start:]))
    return claims


def _is_abbreviation(text: str) -> bool:
    words = re.split(r"[\s(\[\"']", text)
    word = words[-1].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _claim(sentence: str) -> list[Claim]:
    frames = [
        frame for citation in _CITATION.findall(sentence) for frame in _FRAME.findall(citation)
    ]
    text = " ".join(_CITATION.sub(" ", sentence).split())
    text = re.sub(r" (?=[.,;:!?…]+(?:\s|$))", "", text)
    if not any(character.isalnum() for character in text):
        return []
    return [Claim(text=unescape(text), frames=tuple(dict.fromkeys(frames)))]


def render_claims(claims: tuple[Claim, ...]) -> str:
    """Write claims one a line, each with its citation."""
    return "\n".join(_render_claim(claim) for claim in claims)


def _render_claim(claim: Claim) -> str:
    text = escape(" ".join(claim.text.split()))
    if text[-1:] not in (".", "!", "?", "…"):
        text += "."
    return f"{text} [{' '.join(claim.frames)}]" if claim.frames else text
