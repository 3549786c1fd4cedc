"""What can be known of a policy before it is trusted with a video: small questions with one answer.

A probe shows pictures drawn here, so that what a policy should have noticed is beyond doubt. Every
probe can fail: a policy that never looks, shuffles frames, or writes junk is told apart from one
that is merely weak. How good its judgement is, benchmarks say, not probes.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, Literal

from PIL import Image, ImageDraw

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.agent.policy import Policy
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import ParseError
from vau_agent.results import ModelCard
from vau_agent.schemas import Evidence, FrameRef, Segment, Value

ProbeName = Literal["pictures", "order", "objects", "probabilities"]
ProbeState = Literal["ok", "fail", "unknown"]

OBJECTS_ASKED: Final = 3
_SHORT: Final = GenerationSettings(max_new_tokens=24)
_SIDE: Final = 224
_RED: Final = (200, 30, 30)
_BLUE: Final = (30, 60, 200)
_SMALLEST_DIFFERENCE: Final = 1e-3
"""Log-probabilities closer than this count as the same: batching on a GPU moves them that much."""
_COLOUR: Final = "Name the colour of the picture in one word."
_FIRST: Final = "The pictures are in the order of their times. Name the first one's colour."


class Probe(Value):
    """What one probe found."""

    name: ProbeName
    state: ProbeState
    text: str
    """One sentence for a person."""
    needed: bool = True
    """Whether a policy that fails it is of no use."""


class ProbeReport(Value):
    """What is known of one policy."""

    policy: str
    probes: tuple[Probe, ...]
    calls: int
    seconds_per_call: float
    context_tokens: int | None = None

    @property
    def is_usable(self) -> bool:
        """Whether all that is needed was shown to be there."""
        return all(probe.state == "ok" for probe in self.probes if probe.needed)


class PictureBook:
    """Pictures drawn for probes, by digest; a backend is opened with `load`."""

    def __init__(self) -> None:
        self._pictures: dict[str, bytes] = {}

    def load(self, frame: FrameRef) -> bytes:
        """Give a frame's picture."""
        return self._pictures[frame.sha256]

    def add(self, image: Image.Image, *, number: int, timestamp: float) -> FrameRef:
        """Keep a picture; give the frame that shows it."""
        stream = BytesIO()
        image.save(stream, format="JPEG", quality=90)
        picture = stream.getvalue()
        digest = hashlib.sha256(picture).hexdigest()
        self._pictures[digest] = picture
        return FrameRef(
            frame_id=f"f{number}", timestamp=timestamp, pts=round(timestamp * 1000), sha256=digest
        )


def probe_policy(
    backend: Backend,
    book: PictureBook,
    *,
    generation: GenerationSettings | None = None,
    context_tokens: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ProbeReport:
    """Ask a policy all probes: nine calls, more where an object has to be asked for again.

    Args:
        backend: Opened with `book.load` for its pictures.
        book: Where the pictures are kept.
        generation: How the objects are sampled; as a run would.
        context_tokens: What is known of its context, for the report.
        clock: Seconds that pass, for the time of a call.

    Raises:
        BackendError: The policy cannot be reached, or gives up.
    """
    asked = _Timed(backend=backend, clock=clock)
    blind_by_design = backend.name == "rules"
    pictures = (
        Probe(
            name="pictures",
            state="fail",
            text="reasons from measurements, does not look at pictures",
            needed=False,
        )
        if blind_by_design
        else _probe_pictures(asked, book)
    )
    order = _probe_order(asked, book, pictures)
    objects, completions = _probe_objects(asked, book, generation or GenerationSettings())
    return ProbeReport(
        policy=backend.name,
        probes=(pictures, order, objects, _probe_probabilities(completions)),
        calls=len(asked.seconds),
        seconds_per_call=sum(asked.seconds) / max(1, len(asked.seconds)),
        context_tokens=context_tokens,
    )


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A backend whose calls are timed."""

    backend: Backend
    clock: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def card(self) -> ModelCard:
        return self.backend.card

    @property
    def profile(self) -> ModelProfile:
        return self.backend.profile

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        start = self.clock()
        completion = self.backend.generate(conversation, settings)
        self.seconds.append(self.clock() - start)
        return completion


def _probe_pictures(backend: _Timed, book: PictureBook) -> Probe:
    """Ask about a red picture twice and a blue one once: only the picture may change the answer."""
    red = book.add(_plain(_RED), number=0, timestamp=0.0)
    blue = book.add(_plain(_BLUE), number=0, timestamp=0.0)
    first, again, other = (_ask(backend, _COLOUR, (frame,)) for frame in (red, red, blue))
    state = _compare(first, again, other)
    if state == "unknown":
        text = "cannot be told: the same picture gets another answer when it is shown again"
    elif state == "fail":
        text = f"does not look at pictures: red and blue both get {_quote(first)}"
    elif "red" in first.text.lower() and "blue" in other.text.lower():
        text = "sees pictures: calls red red and blue blue"
    else:
        text = f"sees pictures, but red gets {_quote(first)} and blue {_quote(other)}"
    return Probe(name="pictures", state=state, text=text)


def _probe_order(backend: _Timed, book: PictureBook, pictures: Probe) -> Probe:
    """Show two pictures in both orders: the answer has to follow the order."""
    if pictures.state != "ok":
        text = "not asked: order is seen only by a policy that sees pictures"
        return Probe(name="order", state="unknown", text=text, needed=pictures.needed)
    colours = (_RED, _BLUE)
    forwards, backwards = (
        tuple(
            book.add(_plain(colour), number=number, timestamp=float(number))
            for number, colour in enumerate(order)
        )
        for order in (colours, colours[::-1])
    )
    first, again, other = (
        _ask(backend, _FIRST, shown) for shown in (forwards, forwards, backwards)
    )
    state = _compare(first, again, other)
    if state == "unknown":
        text = "cannot be told: the same order gets another answer when it is shown again"
    elif state == "fail":
        text = f"does not keep frame order: both orders get {_quote(first)}"
    elif "red" in first.text.lower() and "blue" in other.text.lower():
        text = "keeps frame order: names what comes first"
    else:
        text = f"is told the order, but names it with {_quote(first)} and {_quote(other)}"
    return Probe(name="order", state=state, text=text)


def _probe_objects(
    backend: _Timed, book: PictureBook, generation: GenerationSettings
) -> tuple[Probe, list[Completion]]:
    """Have drawn scenes judged as a run would, and count the judgements that can be read."""
    policy = Policy(backend=backend, run_id="probe", generation=generation)
    completions = []
    lenient = 0
    complaint = ""
    for scene in range(OBJECTS_ASKED):
        try:
            turn = policy.initial_reason(_scene(book, scene))
        except ParseError as error:
            complaint = f"; {error}"
            continue
        completions.append(turn.completion)
        lenient += turn.salvaged
    read = len(completions)
    text = f"{read} of {OBJECTS_ASKED} judgements can be read{complaint}"
    if lenient:
        text += f"; {lenient} only leniently, for they do not follow their format"
    return (
        Probe(name="objects", state="ok" if read == OBJECTS_ASKED else "fail", text=text),
        completions,
    )


def _probe_probabilities(completions: Sequence[Completion]) -> Probe:
    if any(one.verdict_token is not None for one in completions):
        text = "gives the probability of its verdict: scores can be calibrated"
        return Probe(name="probabilities", state="ok", text=text, needed=False)
    if any(one.logprobs or one.token_ids for one in completions):
        text = "gives token ids or probabilities, but none for its verdict"
    elif completions:
        text = "gives no probabilities: the confidence that it writes is used"
    else:
        text = "cannot be told: no judgement could be read"
    return Probe(name="probabilities", state="unknown", text=text, needed=False)


def _ask(backend: _Timed, question: str, frames: Sequence[FrameRef]) -> Completion:
    parts = (*(FramePart(frame=frame) for frame in frames), TextPart(text=question))
    message = Message(role="user", parts=parts, stage="answer")
    return backend.generate(Conversation(messages=(message,)), _SHORT)


def _compare(first: Completion, again: Completion, other: Completion) -> ProbeState:
    """Tell whether what was changed changed the answer, and more than asking twice does."""
    noise = _difference(first, again)
    signal = _difference(first, other)
    if signal > max(_SMALLEST_DIFFERENCE, 3 * noise):
        return "ok"
    return "unknown" if noise > _SMALLEST_DIFFERENCE else "fail"


def _difference(one: Completion, other: Completion) -> float:
    """Measure how far apart two answers are: in words, else in the probabilities behind them."""
    if one.text.strip() != other.text.strip():
        return 1.0
    chosen = [abs(a - b) for a, b in zip(one.logprobs, other.logprobs, strict=False)]
    return max(chosen, default=0.0)


def _scene(book: PictureBook, number: int) -> Evidence:
    """Draw four seconds of somebody crossing a yard, or falling down in it."""
    ends_low = number % 2 == 1
    frames = []
    for step in range(4):
        image = _plain((120, 122, 118))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 170, _SIDE, _SIDE), fill=(90, 92, 88))
        left = 30 + 35 * step + 12 * number
        lies = ends_low and step >= 2
        body = (left, 172, left + 62, 190) if lies else (left, 110, left + 20, 180)
        draw.rectangle(body, fill=(40, 40 + 30 * number, 60))
        frames.append(book.add(image, number=step, timestamp=float(step)))
    return Evidence(window=Segment(start=0, end=4), frames=tuple(frames))


def _plain(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (_SIDE, _SIDE), colour)


def _quote(completion: Completion) -> str:
    words = " ".join(completion.text.split())
    return repr(words if len(words) <= 40 else f"{words[:39]}…")
