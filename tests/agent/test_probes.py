"""Probes against policies that are known to be good, blind, forgetful of order, noisy, or junk."""

import hashlib
import itertools
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.parsing import render_reasoning
from vau_agent.agent.probes import PictureBook, Probe, ProbeName, ProbeReport, probe_policy
from vau_agent.agent.profile import DEFAULT_PROFILE
from vau_agent.errors import GenerationError
from vau_agent.results import ModelCard
from vau_agent.testing import normal

Colours = tuple[str, ...]
Answer = Callable[[Colours], str]
GOOD = render_reasoning(normal("Somebody crosses the yard.", "f0"))


class Looker:
    """Looks at the pictures it is shown, and answers what it is made to make of them."""

    name = "made:up"
    card = ModelCard(id="made:up")
    profile = DEFAULT_PROFILE

    def __init__(
        self,
        book: PictureBook,
        answer: Answer,
        *,
        judgement: str = GOOD,
        logprobs: Callable[[Colours], float] | None = None,
    ) -> None:
        self._book = book
        self._answer = answer
        self._judgement = judgement
        self._logprobs = logprobs

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        if conversation.stage == "initial_reason":
            return Completion(text=self._judgement)
        seen = tuple(self._colour(self._book.load(frame)) for frame in conversation.frames)
        chosen = () if self._logprobs is None else (self._logprobs(seen),)
        return Completion(text=self._answer(seen), logprobs=chosen)

    def _colour(self, picture: bytes) -> str:
        red, _, blue = Image.open(BytesIO(picture)).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]  # three bands, as drawn
        return "red" if red > blue else "blue"


def probe(answer: Answer, **made: object) -> ProbeReport:
    book = PictureBook()
    return probe_policy(Looker(book, answer, **made), book)  # type: ignore[arg-type]  # as it takes


def found(report: ProbeReport, name: ProbeName) -> Probe:
    (probe,) = [one for one in report.probes if one.name == name]
    return probe


def test_a_policy_that_sees_and_keeps_order_and_form_is_usable() -> None:
    report = probe(lambda seen: f"It is {seen[0]}.")

    assert [one.state for one in report.probes] == ["ok", "ok", "ok", "unknown"]
    assert report.is_usable
    assert found(report, "pictures").text == "sees pictures: calls red red and blue blue"
    assert found(report, "objects").text == "3 of 3 judgements can be read"
    assert report.calls == 9


def test_a_policy_that_never_looks_is_found_out() -> None:
    report = probe(lambda seen: "A street.")

    assert found(report, "pictures").state == "fail"
    assert "does not look at pictures" in found(report, "pictures").text
    assert found(report, "order").state == "unknown"
    assert not report.is_usable


def test_a_policy_that_only_counts_pictures_is_blind() -> None:
    assert found(probe(lambda seen: f"{len(seen)} pictures"), "pictures").state == "fail"


def test_a_policy_that_sorts_its_pictures_does_not_keep_order() -> None:
    report = probe(lambda seen: sorted(seen)[0])

    assert found(report, "pictures").state == "ok"
    assert found(report, "order").state == "fail"
    assert "does not keep frame order" in found(report, "order").text
    assert not report.is_usable


def test_a_policy_that_answers_differently_each_time_cannot_be_told() -> None:
    words = (f"answer {number}" for number in itertools.count())
    report = probe(lambda seen: next(words))

    assert found(report, "pictures").state == "unknown"
    assert not report.is_usable


def test_a_policy_with_one_word_for_everything_is_seen_to_look_by_its_probabilities() -> None:
    weights = {"red": 1.0, "blue": 2.0}
    report = probe(
        lambda seen: "the",
        logprobs=lambda seen: -sum(weights[one] / (n + 1) for n, one in enumerate(seen)),
    )

    assert found(report, "pictures").state == "ok"
    assert found(report, "order").state == "ok"
    assert "red gets 'the' and blue 'the'" in found(report, "pictures").text


@pytest.mark.parametrize(("difference", "state"), [(2e-3, "ok"), (5e-4, "fail")])
def test_probabilities_that_hardly_differ_count_as_the_same(difference: float, state: str) -> None:
    report = probe(lambda seen: "the", logprobs=lambda seen: -1.0 - (seen[0] == "red") * difference)

    assert found(report, "pictures").state == state


def test_junk_is_no_judgement() -> None:
    report = probe(lambda seen: seen[0], judgement="I am only a language model \x00 <answ")

    assert found(report, "objects").state == "fail"
    assert found(report, "objects").text.startswith("0 of 3 judgements can be read; ")
    assert not report.is_usable


def test_rules_say_honestly_that_they_do_not_look() -> None:
    report = probe_policy(RulesBackend(), PictureBook())

    assert found(report, "pictures").state == "fail"
    assert found(report, "pictures").text == "reasons from measurements, does not look at pictures"
    assert found(report, "objects").state == "ok"
    assert report.is_usable


def test_calls_are_timed() -> None:
    seconds = itertools.count(step=0.5)
    book = PictureBook()

    report = probe_policy(
        Looker(book, lambda seen: seen[0]), book, clock=lambda: next(seconds), context_tokens=8192
    )

    assert report.seconds_per_call == pytest.approx(0.5)
    assert report.context_tokens == 8192


def test_a_policy_that_is_out_of_reach_is_no_verdict_on_it() -> None:
    def refuse(seen: Colours) -> str:
        raise GenerationError("nobody answers at 127.0.0.1:1")

    with pytest.raises(GenerationError, match="nobody answers"):
        probe(refuse)


def test_pictures_are_kept_by_their_digest() -> None:
    book = PictureBook()

    frame = book.add(Image.new("RGB", (8, 8), (1, 2, 3)), number=4, timestamp=1.5)

    assert frame.frame_id == "f4"
    assert frame.pts == 1500
    assert hashlib.sha256(book.load(frame)).hexdigest() == frame.sha256
