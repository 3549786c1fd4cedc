"""The looks that a reflection may ask for, built from settings."""

from vau_agent.agent.profile import DEFAULT_PROFILE, ModelProfile
from vau_agent.settings import Settings
from vau_agent.tools.base import Meter, Tool
from vau_agent.tools.compare import Compare
from vau_agent.tools.crop import Crop
from vau_agent.tools.detect import Detect
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.search_clips import SearchClips
from vau_agent.tools.track_motion import TrackMotion
from vau_agent.tools.zoom import Zoom


def build_tools(
    settings: Settings,
    retrieval: Retrieval | None,
    *,
    profile: ModelProfile = DEFAULT_PROFILE,
    detector: Meter | None = None,
) -> dict[str, Tool]:
    """Give the tools that the settings name, by name; what is not there is not offered.

    Args:
        settings: Say how closely is looked.
        retrieval: Searches the video, where it is searchable.
        profile: How the policy wants frames.
        detector: Trained with the policy; it measures what is zoomed into, and can be asked.
    """
    frames = settings.analysis.frames_per_zoom
    tools: list[Tool] = [
        Zoom(settings.triage, frames=frames, evenly=profile.wants_even_frames, detector=detector),
        Crop(settings.triage, frames=frames),
        Compare(settings.triage),
        TrackMotion(settings.triage, frames=frames),
    ]
    if detector is not None:
        evenly = profile.wants_even_frames
        tools.append(Detect(settings.triage, detector, frames=frames, evenly=evenly))
    if retrieval is not None:
        tools.append(SearchClips(retrieval, count=settings.retrieval.results, frames=frames))
    return {tool.name: tool for tool in tools if tool.name in settings.analysis.tools}
