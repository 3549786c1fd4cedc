"""The page of one run: its tables, and the plots that its records allow."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product

from vau_agent.evals.metrics.calibration import reliability_bins
from vau_agent.evals.records import Record, RunHeader
from vau_agent.evals.report.page import render_html, run_facts
from vau_agent.evals.report.plots import Curve, Plot
from vau_agent.evals.report.plotting import (
    METRICS,
    cost_plot,
    forest_plot,
    precision_recall_plot,
    reliability_plot,
    roc_plot,
    timeline_plot,
)
from vau_agent.evals.samples import Dataset
from vau_agent.evals.scoring.answers import Answer, align
from vau_agent.evals.scoring.frames import frame_methods
from vau_agent.evals.tables import Table


def render_run(
    header: RunHeader,
    dataset: Dataset,
    records: Sequence[Record],
    tables: Sequence[Table],
    *,
    made: datetime,
    curves: Sequence[Curve] | None = None,
) -> str:
    """Write the page of a run.

    Args:
        header: What the records were made from.
        dataset: The samples, with their truth.
        records: Of the samples.
        tables: What they were scored to; differences and costs are drawn from them.
        made: When.
        curves: What was kept of all frames; drawn from the records when `None`.
    """
    answers, _ = align(dataset, records)
    plots = (
        *(_frame_plots(answers) if curves is None else curves),
        *_costs(tables),
        *_differences(tables),
        *_reliability(answers),
        *_timelines(dataset, records),
    )
    title = f"{header.benchmark}: {header.policy}"
    facts = run_facts(header, made)
    return render_html(title, tables, plots, facts=facts, settings=header.settings)


def _frame_plots(answers: Sequence[Answer]) -> Iterator[Plot]:
    methods = frame_methods(answers)
    if methods and any(not video.labels.all() for video in methods[0].videos):
        yield roc_plot(methods)
        yield precision_recall_plot(methods)


def _costs(tables: Sequence[Table]) -> Iterator[Plot]:
    for table, metric in product(tables, METRICS):
        drawn = cost_plot(table, metric)
        if any(len(line.points) > 1 for line in drawn.lines):
            yield drawn


def _differences(tables: Sequence[Table]) -> Iterator[Plot]:
    for table, metric in product(tables, METRICS):
        drawn = forest_plot(table, metric)
        if drawn.effects:
            yield drawn


def _reliability(answers: Sequence[Answer]) -> Iterator[Plot]:
    stated = [
        (opinion.confidence, one.sample.truth.anomalous)
        for one in answers
        if (opinion := one.opinion("final")) is not None and opinion.confidence is not None
    ]
    if stated:
        bins = reliability_bins([said for said, _ in stated], [truth for _, truth in stated])
        yield reliability_plot(bins, title="Confidence that the video is anomalous")


def _timelines(dataset: Dataset, records: Sequence[Record]) -> Iterator[Plot]:
    drawn = timeline_plot(dataset, records)
    if drawn.strips:
        yield drawn
