"""The agent, asked by a harness: one video in, one text out.

The video is analysed under a link that is called `video`, so that neither its name nor its folder
can tell a policy anything. The same video with the same settings is analysed once.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vau_agent.api import analyze, ask
from vau_agent.errors import BackendError, BudgetExceededError, ParseError, ToolError, VideoError
from vau_agent.evals.adapters.verdicts import verdict_prompt, write_verdict
from vau_agent.evals.opinions import final_opinion
from vau_agent.evals.runner import settings_inside
from vau_agent.settings import Settings, load_settings

ITEM_ERRORS: Final = (BackendError, BudgetExceededError, ParseError, ToolError, VideoError)
"""What is the matter with one video; anything else is the matter with the run."""

_log = logging.getLogger(__name__)


def agent_settings(policy: str, out: Path) -> Settings:
    """Give the user's settings, with a policy, and with all that is kept inside `out`."""
    return settings_inside(load_settings({"policy": policy}), out.resolve())


def answer(video: Path, prompt: str, settings: Settings) -> str:
    """Answer a prompt about a video: the verdict's own with a verdict, any other in words.

    A video that cannot be analysed gets an empty answer, which is wrong everywhere: harnesses
    leave out what raises, and a mean over the rest would flatter.
    """
    try:
        return _answer(video, prompt, settings)
    except ITEM_ERRORS as error:
        _log.warning("no answer: %s", error)
        return ""


def _answer(video: Path, prompt: str, settings: Settings) -> str:
    with _unnamed(video) as link:
        result = analyze(link, settings=settings).result
        if prompt.strip() == verdict_prompt().render():
            return write_verdict(final_opinion(result))
        return ask(prompt, settings=settings, run_id=result.run_id).text


@contextmanager
def _unnamed(video: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vau-eval-") as folder:
        link = Path(folder) / f"video{video.suffix.lower()}"
        link.symlink_to(video.resolve())
        yield link
