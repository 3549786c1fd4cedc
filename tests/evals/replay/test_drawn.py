"""What a replay keeps to be drawn: curves of all frames, and accuracy against calls."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.replay.kept import read_curves
from vau_agent.evals.replay.localising import Replayer
from vau_agent.evals.replay.running import Replay, replay_benchmark
from vau_agent.evals.report.of_run import render_run
from vau_agent.evals.report.plotting import CALLS, cost_plot

pytestmark = pytest.mark.slow


@pytest.fixture
def done(tmp_path: Path, word_replayer: Replayer, made_truth: Path, made_recording: Path) -> Replay:
    return replay_benchmark(
        UCF_CRIME.read(made_truth),
        annotation=made_truth,
        recording=made_recording,
        replayer=word_replayer,
        out=tmp_path / "out",
        draws=4,
    )


def test_a_replay_can_be_drawn_from_its_folder(done: Replay, tmp_path: Path) -> None:
    curves = read_curves(tmp_path / "out")
    assert curves is not None
    (frames, *_) = done.tables
    areas = {row.name: row.metrics["frame_auc"].value for row in frames.rows}
    roc, pr = curves

    for curve in (roc, pr):
        names = {line.name: line.kind for line in curve.lines}
        assert list(names)[:2] == ["agent", "CoReVAD, smoothed and position-weighted"]
        assert names["position prior"] == "blind"
        assert names["perfect video label"] == "oracle"
    for line in roc.lines:
        assert line.note == f"area {areas[line.name]:.3f}"

    (calls,) = (table for table in done.tables if table.title.startswith("Calls"))
    agent, *blind = cost_plot(calls, "frame_auc").lines
    assert [point.cost for point in agent.points] == sorted(
        (point.cost for point in agent.points), reverse=True
    )
    assert len(agent.points) == 7
    assert {line.name: line.points[0].cost for line in blind} == {
        "position prior": 0,
        "shorter video is anomalous": 0,
    }
    hours = sum(record.duration_s or 0 for record in done.records) / 3600
    looks = calls.rows[0].metrics
    assert looks[CALLS].value == pytest.approx((looks["calls"].value or 0) / hours, rel=1e-6)

    text = render_run(
        done.header,
        done.dataset,
        done.records,
        done.tables,
        made=datetime(2026, 1, 2, tzinfo=UTC),
        curves=curves,
    )
    drawn = re.findall(r"<figcaption><h3>([^<]+)</h3>", text)
    assert {"ROC, frames", "Calls against frame AUC", "Truth and prediction over time"} <= {*drawn}
    assert drawn.count("Difference in within-video AUC, pooled") == 2
    assert drawn.count("ROC, frames") == 1
