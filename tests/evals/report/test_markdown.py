import re

from tests.evals.report.conftest import HOSTILE
from vau_agent.evals.report.markdown import MAX_GAPS, render_markdown
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, Table


def cells(text: str) -> dict[str, dict[str, str]]:
    """Read the first table of a text: row name, then metric, then what stands there."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    grid = [[one.strip() for one in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert {len(line) for line in grid} == {len(grid[0])}
    return {line[0]: dict(zip(grid[0], line, strict=True)) for line in grid[2:]}


def test_every_figure_stands_in_its_row_with_its_interval(detection: Table) -> None:
    table = cells(render_markdown([detection]))

    assert list(table) == [row.name for row in detection.rows]
    assert table["agent"]["kind"] == "measured"
    assert table["agent"]["n"] == "40"
    assert table["agent"]["frame_auc"] == "0.871 [0.835, 0.901]"
    assert table["agent"]["within_auc_macro"] == "0.613 [0.551, 0.675] n=17"
    assert table["agent"]["frames"] == "537,000"
    assert table["somebody"]["frame_auc"] == "0.855"
    assert table["somebody"]["ece"] == ""


def test_an_undefined_figure_says_why_below(detection: Table) -> None:
    text = render_markdown([detection])

    assert cells(text)["perfect video label"]["within_auc_macro"] == "n/a"
    assert "- within_auc_macro (perfect video label): no video holds both classes" in text


def test_conventions_notes_and_kinds_are_printed(detection: Table) -> None:
    text = render_markdown([detection])

    assert "- annotation: times of 2018" in text
    assert "- Half of the videos." in text
    assert "blind: never sees the video; oracle: is told part of the truth" in text
    assert "floor:" not in text


def test_differences_are_signed_and_shared_counts_stand_below(steps: Table) -> None:
    text = render_markdown([steps])
    table = cells(text)

    assert table["gain"]["kind"] == "difference"
    assert table["gain"]["auc"] == "+0.030 [0.010, 0.050]"
    assert table["gain"]["auc_mcnemar_p"] == "0.039"
    assert "frames" not in table["agent"]
    assert "- for all rows: frames 1,200" in text


def test_gaps_are_counted_by_kind_and_named(detection: Table) -> None:
    text = render_markdown([detection])

    assert "Gaps: 3 (2 missing-video, 1 reversed-times)" in text
    assert "- reversed-times, row 12: ends at 3.0 s before it starts at 9.0 s" in text


def test_a_gap_of_two_tables_is_named_once(detection: Table) -> None:
    text = render_markdown([detection, detection])

    assert text.count("Gaps: 3 (") == 1
    assert text.count("reversed-times, row 12") == 1


def test_many_gaps_are_cut_and_counted() -> None:
    gaps = tuple(Gap(id=f"v{number}", kind="failed", detail="no") for number in range(MAX_GAPS + 5))
    text = render_markdown([Table(title="T", rows=(), gaps=gaps)])

    assert f"Gaps: {MAX_GAPS + 5} ({MAX_GAPS + 5} failed)" in text
    assert text.endswith("- and 5 more\n")


def test_hostile_text_stays_text(hostile: Table) -> None:
    text = render_markdown([hostile])

    assert re.search(r"(?<!\\)[<`*]", text) is None
    assert "\u202e" not in text
    (row,) = cells(text)
    assert "alert(1)" in row


def test_words_are_no_link_and_brackets_stay_readable() -> None:
    notes = ("[look](javascript:alert) here", "constant [3, 18] s, IoU >= 0.5")
    text = render_markdown([Table(title="T", rows=(), notes=notes)])

    assert "- [look\\](javascript:alert) here" in text
    assert "- constant [3, 18] s, IoU >= 0.5" in text


def test_a_name_of_several_lines_stays_in_its_cell() -> None:
    row = Row(name="one\ntwo", metrics={"x": Estimate(value=0.5, n=1)})

    assert cells(render_markdown([Table(title="T", rows=(row,))])) == {
        "one two": {"row": "one two", "kind": "measured", "n": "1", "x": "0.500"}
    }


def test_nothing_gives_nothing() -> None:
    assert render_markdown([]) == ""
    assert render_markdown([Table(title="T", rows=())]) == "### T\n\nNo rows.\n"
    assert HOSTILE not in render_markdown([])
