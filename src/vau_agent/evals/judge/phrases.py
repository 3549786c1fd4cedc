"""A judge that needs no model: key phrases and shared words, by stated rules.

OUR READING, not VAU-Eval's judge: the same five names and scale, other grades. It compares words.
It cannot judge style, cannot tell who did what to whom, takes no synonym for a match, and only
sees a negation that stands earlier in the same sentence. Use it to see that a system's answers
belong to their videos at all (`scoring` sets floors beside it), and to compare systems roughly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.evals.judge.base import (
    Candidate,
    JudgeCase,
    JudgeScores,
    PairCase,
    PairVote,
    Reference,
)
from vau_agent.evals.judge.words import content_stems, is_content, is_negation, sentences, stem

NAME: Final = "phrases"
_RULES: Final = "phrases/1"
"""Changes whenever a rule or a list of words does, so that nothing cached outlives it."""
_FULL: Final = 10.0
_ALARMS: Final = ("anomaly", "anomalous", "abnormal", "abnormality", "unusual", "suspicious")
_CALM: Final = ("normal", "routine", "typical", "ordinary", "usual")
_WHOLE_SENTENCE: Final = 3
"""Words from which a sentence counts as one."""


@dataclass(frozen=True, kw_only=True)
class PhraseJudge:
    """Grades by rules.

    - classification: 10 when a sentence names the reference's category without a negation before
      it, 5 when one only calls the video anomalous; for a normal video, 10 when it is called
      normal, or an anomaly is denied, and nothing calls it anomalous
    - key matching: `fact_share` of the key objects
    - fluency: share of sentences that have three words or more and were not said before
    - informativeness: share of the reference's content words, each once, that the answer has
    - factual consistency: share of the answer's content words, each once, that the reference has;
      fewer than three words state nothing
    """

    @property
    def name(self) -> str:
        """`phrases`."""
        return NAME

    @property
    def digest(self) -> str:
        """The version of the rules."""
        return _RULES

    def judge(self, case: JudgeCase) -> JudgeScores:
        """Grade one answer; never malformed."""
        reference, text = case.reference, case.candidate.text
        known = content_stems(_text_of(reference))
        said = content_stems(text)
        stated = _stated_stems(text)
        return JudgeScores(
            classification=_classification(reference.category, text),
            key_matching=_FULL * fact_share(reference.key_objects, text),
            fluency=_FULL * _fresh_share(text),
            informativeness=_FULL * len(known & said) / len(known) if known else 0.0,
            factual_consistency=_FULL * len(known & stated) / len(stated) if stated else 0.0,
        )

    def vote(self, case: PairCase) -> PairVote:
        """Prefer the higher total; the order of the two plays no part."""
        first = self._total(case.reference, case.first)
        second = self._total(case.reference, case.second)
        if first == second:
            return PairVote(better="tie")
        return PairVote(better="first" if first > second else "second")

    def _total(self, reference: Reference, candidate: Candidate) -> float:
        return self.judge(JudgeCase(reference=reference, candidate=candidate)).total


def fact_share(facts: Sequence[str], text: str) -> float:
    """Give the share of facts that a text states, 0..1; 0 when there are none.

    A fact is stated when one sentence holds all of its content words, in any order, and no
    negation before the first of them. Stating one twice gains nothing (Perception-R1, arXiv
    2506.07218, whose judge is a model; the rules are our reading).
    """
    wanted = [content_stems(fact) for fact in dict.fromkeys(facts)]
    wanted = [stems for stems in wanted if stems]
    if not wanted:
        return 0.0
    told = sentences(text)
    return sum(any(_states(words, stems) for words in told) for stems in wanted) / len(wanted)


def _states(words: Sequence[str], wanted: frozenset[str]) -> bool:
    stems = [stem(word) if is_content(word) else "" for word in words]
    if not wanted <= set(stems):
        return False
    first = min(stems.index(one) for one in wanted)
    return not any(is_negation(word) for word in words[:first])


def _classification(category: str | None, text: str) -> float:
    told = sentences(text)
    alarmed = any(_says_one_of(words, _ALARMS) for words in told)
    if category is None:
        return _FULL if not alarmed and any(_is_calm(words) for words in told) else 0.0
    wanted = content_stems(category)
    if wanted and any(_states(words, wanted) for words in told):
        return _FULL
    return _FULL / 2 if alarmed else 0.0


def _is_calm(words: Sequence[str]) -> bool:
    """Tell whether a sentence calls things normal, or denies that something is wrong."""
    said = {stem(word) for word in words}
    if not said.isdisjoint(content_stems(" ".join(_CALM))):
        return _says_one_of(words, _CALM)
    denied = any(is_negation(word) for word in words)
    return denied and not said.isdisjoint(content_stems(" ".join(_ALARMS)))


def _says_one_of(words: Sequence[str], choices: Sequence[str]) -> bool:
    return any(_states(words, content_stems(choice)) for choice in choices)


def _stated_stems(text: str) -> frozenset[str]:
    """Give the content words of whole sentences."""
    whole = (words for words in sentences(text) if len(words) >= _WHOLE_SENTENCE)
    return frozenset(stem(word) for words in whole for word in words if is_content(word))


def _fresh_share(text: str) -> float:
    told = sentences(text)
    fresh = {words for words in told if len(words) >= _WHOLE_SENTENCE}
    return len(fresh) / len(told) if told else 0.0


def _text_of(reference: Reference) -> str:
    parts = (
        reference.category or "",
        *reference.key_objects,
        reference.description,
        reference.reasoning,
    )
    return "\n".join(parts)
