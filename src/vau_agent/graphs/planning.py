"""What an analysis would cost, before anything is decoded or sent."""

from typing import Final

from vau_agent.graphs.windows import most_windows
from vau_agent.schemas import Value, VideoInfo
from vau_agent.settings import AnalysisSettings

_CALLS_PER_ROUND: Final = {"critique": 2, "blind": 2, "both": 3}
"""Reflection and revision, verification and revision, or all three."""
_TOKENS_PER_FRAME: Final = (16, 100)
"""From the embedded policy's 16 to a 7B policy's at 336 pixels."""
_TOKENS_PER_CALL: Final = (600, 1_600)
"""Prompt text, evidence and completion."""


class Plan(Value):
    """What an analysis would do; nothing has been run."""

    duration_s: float
    windows: tuple[int, int]
    """Fewest and most parts of the video that are reasoned about."""
    frames: tuple[int, int]
    """Fewest and most frames the policy is shown."""
    calls: tuple[int, int]
    tokens: tuple[int, int]
    destination: str
    """Where frames would travel."""


def plan_analysis(video: VideoInfo, settings: AnalysisSettings, policy: str) -> Plan:
    """Bound windows, frames, calls and tokens from the video's length alone."""
    most = most_windows(video.duration_s, settings)
    calls_per_window = 1 + settings.max_rounds * _CALLS_PER_ROUND[settings.reflection]
    zoomed = settings.max_rounds * settings.calls_per_round * settings.frames_per_zoom
    frames = (settings.frames_per_window, most * (settings.frames_per_window + zoomed))
    calls = (1, most * calls_per_window)
    return Plan(
        duration_s=video.duration_s,
        windows=(1, most),
        frames=frames,
        calls=calls,
        tokens=(
            frames[0] * _TOKENS_PER_FRAME[0] + calls[0] * _TOKENS_PER_CALL[0],
            frames[1] * _TOKENS_PER_FRAME[1] + calls[1] * _TOKENS_PER_CALL[1],
        ),
        destination=f"this process, where policy {policy!r} runs",
    )
