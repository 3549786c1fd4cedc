import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

import pytest
from pydantic import TypeAdapter

from tests.evals.report.conftest import HOSTILE
from vau_agent.evals.records import RunHeader
from vau_agent.evals.report.page import MAX_COLUMNS, MAX_GAPS, render_html, run_facts
from vau_agent.evals.report.plots import Curve, Line, Plot, Point, Timeline
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, Table

VOID: Final = frozenset({"meta", "wbr", "br", "img", "input", "link"})


class Page(HTMLParser):
    """Every element of a page, in order; fails on elements that are not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.cells: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in {"td", "th"}:
            self.cells[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] in {"style", "script"}:
            return
        self.texts.append(data)
        if {"td", "th"} & set(self._open):
            self.cells[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def row(self, name: str) -> list[str]:
        """Give the cells of the first row of a name."""
        return next(row for row in self.cells if row[0] == name)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


HEADER = RunHeader(
    benchmark="ucf-crime",
    annotation="times of 2018",
    annotation_sha256="ab" * 32,
    policy="rules",
    settings={"seed": "0"},
    samples=290,
    tool="vau-agent 0.1.0",
)


@pytest.fixture
def text(detection: Table, plots: tuple[Plot, ...]) -> str:
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return render_html(
        "UCF-Crime",
        [detection],
        plots,
        facts=run_facts(HEADER, made),
        settings=HEADER.settings,
    )


@pytest.fixture
def page(text: str) -> Page:
    return Page(text)


def test_the_head_says_what_was_evaluated(page: Page) -> None:
    for words in (
        "Benchmark ucf-crime",
        "Annotation times of 2018",
        "Policy rules",
        "Samples 290",
        "Made 2026-01-02 03:04:05 UTC",
        "Program vau-agent 0.1.0",
        "seed 0",
    ):
        assert words in page.text


def test_every_figure_stands_with_its_interval_and_n(page: Page) -> None:
    assert page.row("agent") == [
        "agent",
        "measured",
        "40",
        "0.871 [0.835, 0.901] clears blind",
        "0.613 [0.551, 0.675] n=17 does not clear blind",
        "0.121 [0.091, 0.142] does not clear blind",
        "537,000",
    ]
    assert page.row("perfect video label")[3:5] == ["0.816 [0.773, 0.852]", "n/a n=0"]
    assert page.row("somebody")[1:] == ["published", "40", "0.855", "", "", ""]


def test_the_best_blind_row_of_each_column_is_marked(page: Page) -> None:
    assert "best blind" not in page.row("position prior")[3]
    assert "best blind" in page.row("position prior")[5]
    assert "best blind" in page.row("shorter is anomalous")[3]


def test_a_measured_figure_without_an_interval_says_so() -> None:
    rows = (
        Row(name="m", metrics={"auc": Estimate(value=0.9, n=5)}),
        Row(name="b", kind="blind", metrics={"auc": Estimate(value=0.5, n=5)}),
    )

    assert Page(render_html("t", [Table(title="T", rows=rows)])).row("m")[3] == "0.900 no interval"


def test_a_difference_is_held_against_zero_and_no_blind_row(steps: Table) -> None:
    text = render_html("t", [steps])
    page = Page(text)

    assert page.row("gain")[3:] == [
        "+0.030 [0.010, 0.050] above zero",
        "-0.020 [-0.030, -0.010] below zero",
        "0.039",
    ]
    assert page.row("gain over shuffled")[3] == "-0.004 [-0.020, 0.010] may be zero"
    assert "clears blind" in page.row("agent")[3]
    assert "one method less another, on the same items" in page.text
    clear = re.findall(r'class="beside clear">([^<]+)<', text)
    assert clear == ["clears blind", "clears blind", "above zero", "below zero"]


def test_a_count_of_all_rows_stands_under_the_table(steps: Table) -> None:
    page = Page(render_html("t", [steps]))

    assert "For all rows: frames 1,200." in page.text
    assert "frames" not in next(cells for cells in page.cells if cells[0] == "Row")


def test_figures_without_a_blind_row_are_named(detection: Table) -> None:
    words = "No blind row stands beside"
    alone = detection.model_copy(update={"rows": detection.rows[:1]})

    names = "frame_auc, within_auc_macro, ece."
    assert f"{words} {names}" in Page(render_html("t", [alone])).text
    assert words not in Page(render_html("t", [detection])).text


def test_kinds_that_occur_are_explained(page: Page) -> None:
    assert "never sees the video" in page.text
    assert "is told part of the truth" in page.text
    assert "a trivial method" not in page.text


def test_conventions_notes_and_reasons_stand_under_the_table(page: Page) -> None:
    assert "annotation times of 2018 AP step-wise" in page.text
    assert "within_auc_macro (perfect video label): no video holds both classes" in page.text
    assert "Half of the videos." in page.text


def test_gaps_are_counted_by_kind_and_listed(page: Page) -> None:
    assert "Gaps: 3" in page.text
    assert "2 missing-video" in page.text
    assert ["reversed-times", "row 12", "ends at 3.0 s before it starts at 9.0 s"] in page.cells


def test_a_gap_of_two_tables_counts_once(detection: Table) -> None:
    assert "Gaps: 3" in Page(render_html("t", [detection, detection])).text


def test_very_many_gaps_are_cut_and_counted() -> None:
    gaps = tuple(Gap(id=f"v{place}", kind="failed", detail="no") for place in range(MAX_GAPS + 2))
    words = Page(render_html("t", [Table(title="T", rows=(), gaps=gaps)])).text

    assert f"Gaps: {MAX_GAPS + 2}" in words
    assert "And 2 more." in words


def test_wide_tables_are_shown_in_even_parts() -> None:
    names = [f"auc_{place}" for place in range(MAX_COLUMNS + 2)]
    row = Row(name="agent", metrics={name: Estimate(value=0.5, n=1) for name in names})
    page = Page(render_html("t", [Table(title="T", rows=(row,))]))
    heads = [cells[3:] for cells in page.cells if cells[0] == "Row"]

    assert heads == [names[:4], names[4:]]


def test_every_plot_stands_with_its_lines_and_numbers(page: Page, plots: tuple[Plot, ...]) -> None:
    pictures = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    strips = sum(len(plot.strips) for plot in plots if isinstance(plot, Timeline))

    assert len(pictures) == len(plots) - 1 + strips
    assert len(page.all("figure")) == len(plots)
    assert ["agent", "0.250", "0.750"] in page.cells
    assert ["agent", "100", "0.870", "[0.850, 0.890]", "40"] in page.cells
    assert "A agent : area 0.750" in page.text.replace("agent:", "agent :")


def test_plots_come_back_from_json(plots: tuple[Plot, ...]) -> None:
    adapter = TypeAdapter(tuple[Plot, ...])

    assert adapter.validate_json(adapter.dump_json(plots)) == plots


def test_the_page_loads_and_runs_nothing(text: str, page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "use"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not names & {"src", "srcset", "style", "data", "xlink:href", "action"}
    assert not any(name.startswith("on") for name in names)
    assert all(str(one["href"]).startswith("#") for one in page.all("a"))
    assert re.search(r"https?:|//[a-z]|url\(|@import", text) is None


def test_the_policy_of_the_page_allows_its_own_style_only(text: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [
        one["content"]
        for one in Page(text).all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]

    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_hostile_text_stays_text(hostile: Table) -> None:
    line = Line(name=HOSTILE, points=(Point(x=0, y=0), Point(x=1, y=1)), note=HOSTILE)
    plot = Curve(title=HOSTILE, about=HOSTILE, x=HOSTILE, y=HOSTILE, lines=(line,))
    names = {HOSTILE: HOSTILE}
    text = render_html(HOSTILE, [hostile], [plot], facts=names, settings=names)
    page = Page(text)

    assert page.all("script") == page.all("img") == []
    assert len(page.all("style")) == 1
    assert "\u202e" not in text
    assert "\\u202e" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not any(name.startswith("on") for _, one in page.elements for name in one)


def test_the_page_can_be_read_without_seeing_it(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    identifiers = [one["id"] for _, one in page.elements if "id" in one]
    naming = {"aria-labelledby", "aria-describedby"}
    named = [str(one[name]) for _, one in page.elements for name in naming & one.keys()]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(identifiers) == len(set(identifiers))
    assert set(named) <= set(identifiers)
    assert {str(one["href"])[1:] for one in page.all("a")} <= set(identifiers)
    for landmark in ("header", "main", "nav", "footer"):
        assert len(page.all(landmark)) == 1


def test_nothing_evaluated_is_still_a_page() -> None:
    empty = Page(render_html("Nothing", []))
    bare = Page(
        render_html("Nothing", [Table(title="T", rows=())], [Timeline(title="P", strips=())])
    )

    assert "there are no tables" in empty.text
    assert "This table has no figures." in bare.text
    assert "Nothing to draw." in bare.text
