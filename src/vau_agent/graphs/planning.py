"""What an analysis would cost, before anything is decoded or sent."""

import math
from typing import Final

from vau_agent.agent.backends.base import Backend
from vau_agent.graphs.windows import most_windows
from vau_agent.schemas import Value, VideoInfo
from vau_agent.settings import BudgetSettings, Settings

Range = tuple[int, int]
"""Fewest and most."""

_CALLS_PER_ROUND: Final = {"critique": 2, "blind": 2, "both": 3}
"""Reflection and revision, verification and revision, or all three."""
_TOKENS_PER_FRAME: Final = (16, 300)
"""From the smallest policies' 16 to what a 7B policy makes of a picture of 640 x 360."""
_TOKENS_PER_CALL: Final = (900, 2_500)
"""Prompt text, evidence and completion that one call adds."""
_READABLE: Final = frozenset({"rules", "scripted"})
"""Policies that count no tokens and are never asked to write an answer again."""


class IndexPlan(Value):
    """What making a video searchable would cost."""

    embedder: str
    frames: Range
    """Frames that are embedded; none when the video is searchable already."""


class Plan(Value):
    """What an analysis would do; nothing has been run."""

    duration_s: float
    windows: Range
    """Parts of the video that are reasoned about."""
    frames: Range
    """Frames that the policy is shown."""
    calls: Range
    """Policy calls; the upper end holds a second try of each, where a policy may need one."""
    tokens: Range
    """Estimated from what policies usually make of a picture, every call's whole prompt counted."""
    limited_by: tuple[str, ...] = ()
    """Limits that would end the run before its upper ends."""
    destination: str
    """Where frames would travel: a host, or this process."""
    policy: str
    index: IndexPlan | None = None
    """`None` without retrieval."""


def plan_analysis(
    video: VideoInfo, settings: Settings, backend: Backend, index: IndexPlan | None = None
) -> Plan:
    """Bound windows, frames, calls and tokens from the video's length alone."""
    analysis = settings.analysis
    most = most_windows(video.duration_s, analysis)
    tries = 1 if _is_readable(backend.name) else 2
    looked = analysis.max_rounds * analysis.calls_per_round * _frames_per_look(settings)
    calls_per_window = 1 + analysis.max_rounds * _CALLS_PER_ROUND[analysis.reflection]
    calls = (1, most * calls_per_window * tries)
    tokens = (0, 0)
    if not _is_readable(backend.name):
        most_tokens = _tokens(settings, analysis.max_rounds, end=1)
        tokens = (_tokens(settings, 0, end=0), most * tries * most_tokens)
    limits = settings.budget
    return Plan(
        duration_s=video.duration_s,
        windows=(1, most),
        frames=(analysis.frames_per_window, most * (analysis.frames_per_window + looked)),
        calls=_cap(calls, limits.max_calls),
        tokens=_cap(tokens, limits.max_tokens),
        limited_by=_reached(limits, calls[1], tokens[1]),
        destination=backend.card.endpoint,
        policy=backend.name,
        index=index,
    )


def plan_index(duration_s: float, step_s: float, embedder: str, *, known: bool) -> IndexPlan:
    """Bound what indexing costs; of a video in which nothing moves, few frames are embedded."""
    frames = (0, 0) if known else (1, math.ceil(duration_s / step_s) + 1)
    return IndexPlan(embedder=embedder, frames=frames)


def _tokens(settings: Settings, rounds: int, *, end: int) -> int:
    """Add up the prompts of one window: each holds all that came before, but the verifier's."""
    analysis = settings.analysis
    per_frame, per_call = _TOKENS_PER_FRAME[end], _TOKENS_PER_CALL[end]
    held = total = analysis.frames_per_window * per_frame + per_call
    looked = analysis.calls_per_round * _frames_per_look(settings) * per_frame
    for _ in range(rounds):
        if analysis.reflection != "blind":
            held += per_call
            total += held
        if analysis.reflection != "critique":
            total += looked + per_call
        held += looked + per_call
        total += held
    return total


def _frames_per_look(settings: Settings) -> int:
    return max(settings.analysis.frames_per_zoom, settings.retrieval.results)


def _is_readable(policy: str) -> bool:
    return policy.partition(":")[0] in _READABLE


def _cap(ends: Range, limit: int | None) -> Range:
    return ends if limit is None else (min(ends[0], limit), min(ends[1], limit))


def _reached(limits: BudgetSettings, calls: int, tokens: int) -> tuple[str, ...]:
    reached = []
    if limits.max_calls is not None and limits.max_calls < calls:
        reached.append(f"--max-calls {limits.max_calls}")
    if limits.max_tokens is not None and limits.max_tokens < tokens:
        reached.append(f"--max-tokens {limits.max_tokens}")
    if limits.deadline_seconds is not None:
        reached.append(f"--deadline {limits.deadline_seconds:g}")
    return tuple(reached)
