"""The figures as a page of documentation: written by the command, so that none is invented."""

from collections.abc import Sequence

from vau_agent.evals.report.markdown import render_markdown
from vau_agent.evals.tables import Table
from vau_agent.training.validation.running import Examination


def figures_page(tables: Sequence[Table], examination: Examination) -> str:
    """Write the page: how it was made, then every table."""
    return f"""# Figures of {examination.name}

This page is written by `vau-agent train evaluate --page`; no figure in it is typed by hand.

- Levels: {_levels(examination)}.
- L1 shows new seeds of what training showed, L2 places, layouts and palettes that it never showed,
  L3 the looks of L2 and, beside normal scenes, categories that it never showed.
- Rows called blind never see a video; what is fitted for them is fitted on scenes of training.
- Figures stand with their 95 % interval; differences are paired over the same videos.

{render_markdown(tables)}"""


def _levels(examination: Examination) -> str:
    each = f"{examination.count} scenes of each of {examination.seeds} seeds"
    told = [f"{split} ({each})" for split in examination.splits]
    if examination.real is not None:
        told.append("real videos, which were never trained or tuned on")
    return ", ".join(told)
