"""Initial reasoning: the strongest event, what it looks like, and what else it could be."""

from vau_agent.agent.backends.rules.judging import (
    CLEAR_MARGIN,
    ENOUGH,
    Event,
    Judgement,
    judge_view,
)
from vau_agent.agent.backends.rules.patterns import PRESENT
from vau_agent.agent.backends.rules.view import Album, View, format_span, format_time
from vau_agent.schemas import CUES, Claim, Reasoning

MAX_OTHER_EVENTS = 3
"""Further events that are named; a report that lists every flicker is not read."""


def reason(view: View) -> Reasoning:
    """Judge a window for the first time."""
    judgement = judge_view(view)
    return Reasoning(claims=explain(judgement, view), verdict=judgement.verdict)


def explain(judgement: Judgement, view: View) -> tuple[Claim, ...]:
    """Say what leads to a verdict, each sentence with its frames."""
    if not judgement.events:
        return (_quiet_claim(view),)
    best, *others = judgement.events
    claims = list(event_claims(best, view.album))
    if judgement.verdict.label == "normal":
        claims.append(
            Claim(
                text=f"That is weak (score {best.candidate.score:.2f}) and nothing else is "
                "unusual, so an ordinary cause is likelier.",
                frames=view.album.spread(view.window),
            )
        )
    elif judgement.verdict.label == "inconclusive":
        claims.append(
            Claim(
                text=f"This does not decide: {judgement.verdict.reason}.",
                frames=view.album.near(best.candidate.peak, inside=best.segment),
            )
        )
    claims.extend(_other_claim(event, view.album) for event in _named(others))
    return tuple(claims)


def event_claims(event: Event, album: Album) -> tuple[Claim, ...]:
    """Describe one event: cues, place in time, reading, ordinary explanation."""
    peak = event.candidate.peak
    at_peak = album.near(peak, inside=event.segment, count=2)
    claims = [
        Claim(
            text=f"From {format_span(event.segment)} the score rises to "
            f"{event.candidate.score:.2f}, highest at {format_time(peak)}: {_cue_list(event)}.",
            frames=at_peak,
        )
    ]
    if not event.matches:
        text = "These cues together fit no category."
        return (*claims, Claim(text=text, frames=at_peak))
    pattern = event.matches[0].pattern
    claims.append(
        Claim(text=f"There {pattern.shows}, which fits {pattern.category}.", frames=at_peak)
    )
    if len(event.matches) > 1 and event.margin < CLEAR_MARGIN:
        second = event.matches[1].pattern.category
        degree = "almost as well" if event.margin >= 0 else "even a little better"
        text = f"The same cues fit {second} {degree}."
        claims.append(Claim(text=text, frames=at_peak))
    claims.append(
        Claim(text=f"The ordinary explanation would be {pattern.ordinary}.", frames=at_peak)
    )
    return tuple(claims)


def _cue_list(event: Event) -> str:
    cues = sorted(event.candidate.cues.items(), key=lambda cue: (-cue[1], cue[0]))
    present = [(name, value) for name, value in cues if value >= PRESENT] or cues[:1]
    return "; ".join(f"{CUES.get(name, name)} ({name} {value:.2f})" for name, value in present)


def _quiet_claim(view: View) -> Claim:
    return Claim(
        text=f"From {format_span(view.window)} nothing was measured that is unusual for this "
        f"video; {view.share:.0%} of it was measured.",
        frames=view.album.spread(view.window),
    )


def _named(others: list[Event]) -> list[Event]:
    return [event for event in others if event.support >= ENOUGH][:MAX_OTHER_EVENTS]


def _other_claim(event: Event, album: Album) -> Claim:
    return Claim(
        text=f"Apart from that, {event.category} fits what was measured from "
        f"{format_span(event.segment)} (score {event.candidate.score:.2f}).",
        frames=album.near(event.candidate.peak, inside=event.segment),
    )
