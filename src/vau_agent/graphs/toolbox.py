"""The looks that a reflection may ask for, built from settings."""

from vau_agent.settings import Settings
from vau_agent.tools.base import Tool
from vau_agent.tools.compare import Compare
from vau_agent.tools.crop import Crop
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.search_clips import SearchClips
from vau_agent.tools.track_motion import TrackMotion
from vau_agent.tools.zoom import Zoom


def build_tools(settings: Settings, retrieval: Retrieval | None) -> dict[str, Tool]:
    """Give the tools that the settings name, by name; only a searchable video is searched."""
    frames = settings.analysis.frames_per_zoom
    tools: list[Tool] = [
        Zoom(settings.triage, frames=frames),
        Crop(settings.triage, frames=frames),
        Compare(settings.triage),
        TrackMotion(settings.triage, frames=frames),
    ]
    if retrieval is not None:
        tools.append(SearchClips(retrieval, count=settings.retrieval.results, frames=frames))
    return {tool.name: tool for tool in tools if tool.name in settings.analysis.tools}
