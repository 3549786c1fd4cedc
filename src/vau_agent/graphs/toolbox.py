"""The looks that a reflection may ask for, built from settings."""

from vau_agent.settings import Settings
from vau_agent.tools.base import Tool
from vau_agent.tools.zoom import Zoom


def build_tools(settings: Settings) -> dict[str, Tool]:
    """Give the tools that the settings name, by name."""
    frames = settings.analysis.frames_per_zoom
    tools: tuple[Tool, ...] = (Zoom(settings.triage, frames=frames),)
    return {tool.name: tool for tool in tools if tool.name in settings.analysis.tools}
