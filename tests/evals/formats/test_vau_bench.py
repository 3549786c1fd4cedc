"""Answers on VAU-Bench: tasks told by columns, both scorers side by side."""

from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError, PredictionError
from vau_agent.evals.formats.vau_bench import VAU_BENCH_ANSWERS
from vau_agent.evals.tables import Estimate, Table


def score(path: Path, text: str, truth: Path) -> Table:
    path.write_text(text)
    return VAU_BENCH_ANSWERS.score(path, truth, draws=20, seed=0)


def row(table: Table, name: str) -> dict[str, Estimate]:
    return next(one.metrics for one in table.rows if one.name == name)


def test_letters_of_both_kinds_of_keys(tmp_path: Path, vau_truth: Path) -> None:
    answers = "Video Name,QA answer\nclip_1.mp4,A\nclip_2,<answer>B</answer>\nclip_3.mp4,Dull\n"
    table = score(tmp_path / "qa.csv", answers, vau_truth)
    # The key of clip_2 is the text of an option; compat takes letters only and finds none in it.
    assert row(table, "compat")["right"].value == 2
    assert row(table, "strict")["right"].value == 2
    assert row(table, "strict")["unparsed"].value == 1
    missing = row(table, "strict, missing counted wrong")["accuracy"]
    assert (missing.value, missing.n) == (0.5, 4)
    assert [gap.id for gap in table.gaps if gap.kind == "missing-prediction"] == ["clip_4"]
    assert row(table, "always A")["accuracy"].value == pytest.approx(1 / 3)


def test_classes(tmp_path: Path, vau_truth: Path) -> None:
    answers = (
        "video name,cls ANSWER\nclip_1.mp4,Assault\nclip_2.mp4,a Fighting scene\n"
        "clip_3.mp4,Fire\nclip_4.mp4,<answer>fire</answer>\n"
    )
    table = score(tmp_path / "cls.csv", answers, vau_truth)
    assert row(table, "compat")["accuracy"].value == 0.75
    assert row(table, "strict")["accuracy"].value == 0.5
    assert row(table, "compat")["binary_accuracy"].value == 0.75
    assert row(table, "always Normal")["accuracy"].value == 0.25


def test_times_in_both_scorers(tmp_path: Path, vau_truth: Path) -> None:
    answers = (
        "Video Name,Temporal Grounding\n"
        'clip_1.mp4,"<answer>Anomaly</answer><glue>[10, 15]</glue>"\n'
        'clip_2.mp4,"at [0, 4]"\nclip_3.mp4,"<answer>Normal</answer><glue>[-1.0, -1.0]</glue>"\n'
        'clip_4.mp4,"<glue>[3, 1]</glue>"\n'
    )
    table = score(tmp_path / "tag.csv", answers, vau_truth)
    compat, strict = row(table, "compat"), row(table, "strict")
    # compat counts the row without times as an interval (0), and skips the normal one.
    assert compat["miou"].value == pytest.approx((0.5 + 1 + 0) / 3)
    assert compat["miou"].n == 3
    assert compat["r_at_0.5"].value == pytest.approx(2 / 3)
    # The obedient normal answer has no reward, as the truth says (0, 0).
    assert compat["reward_iou"].value == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert strict["miou"].value == pytest.approx((0.5 + 0) / 2)
    assert strict["miou_normals_counted"].value == pytest.approx((0.5 + 0 + 1) / 3)
    assert strict["unparsed"].value == 1
    assert {(gap.id, gap.kind) for gap in table.gaps} >= {
        ("clip_2", "unreadable"),
        ("clip_4", "reversed-times"),
        ("clip_4", "no-times"),
    }
    assert "compat" in table.conventions and "strict" in table.conventions


def test_the_empty_interval_pays_in_the_reward_and_not_in_strict(
    tmp_path: Path, vau_truth: Path
) -> None:
    answers = 'Video Name,Temporal Grounding\nclip_3.mp4,"<glue>[0, 0]</glue>"\n'
    table = score(tmp_path / "tag.csv", answers, vau_truth)
    assert row(table, "compat")["reward_iou"].value == 1
    assert row(table, "strict")["miou_normals_counted"].value == 0
    assert row(table, "compat")["miou"].value is None


def test_descriptions_are_judged_beside_floors(tmp_path: Path, vau_truth: Path) -> None:
    answers = "Video Name,Description,Analysis\nclip_1.mp4,A man falls.,He slips. Assault.\n"
    table = score(tmp_path / "reasoning.csv", answers, vau_truth)
    assert table.rows[0].metrics["total"].n == 1
    assert any(one.kind == "floor" for one in table.rows)
    assert sum(gap.kind == "missing-prediction" for gap in table.gaps) == 3


def test_doubles_and_strangers_are_gaps(tmp_path: Path, vau_truth: Path) -> None:
    answers = "Video Name,QA answer\nclip_1.mp4,A\nclip_1,B\nelsewhere.mp4,A\n,A\n"
    table = score(tmp_path / "qa.csv", answers, vau_truth)
    assert row(table, "compat")["right"].value == 1
    assert {(gap.id, gap.kind) for gap in table.gaps} >= {
        ("clip_1", "duplicate-id"),
        ("elsewhere", "unknown-id"),
        ("row 5", "missing-field"),
    }


def test_a_file_without_a_task_is_refused(tmp_path: Path, vau_truth: Path) -> None:
    with pytest.raises(PredictionError, match="qa answer"):
        score(tmp_path / "a.csv", "Video Name,answer\nclip_1.mp4,A\n", vau_truth)
    with pytest.raises(PredictionError, match="Video Name"):
        score(tmp_path / "a.csv", "name,QA answer\nclip_1.mp4,A\n", vau_truth)


def test_a_truth_of_another_kind_is_refused(tmp_path: Path, ucf_truth: Path) -> None:
    with pytest.raises(BenchmarkError):
        score(tmp_path / "a.csv", "Video Name,QA answer\nclip_1.mp4,A\n", ucf_truth)
