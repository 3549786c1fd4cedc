"""An examination on scenes that are really drawn, from the first answer to the page."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.training.validation.doubles import (
    ACCEPT,
    FALL,
    ScriptedWriter,
    by_stage,
    detecting,
    examinee,
)
from vau_agent.errors import SettingsError
from vau_agent.evals.store import read_records
from vau_agent.settings import load_settings
from vau_agent.training.validation.pages import figures_page
from vau_agent.training.validation.running import Examination, examine, write_reports

ASKED = Examination(
    name="tiny", splits=("L1",), count=1, seeds=2, rows=("head", "full"), fitted_on=5, draws=20
)


@pytest.mark.slow
def test_scenes_are_drawn_answered_scored_and_told(tmp_path: Path) -> None:
    writer = ScriptedWriter(say=by_stage(initial_reason=FALL, self_reflect=ACCEPT))
    asked = examinee(writer, detecting("fall"))

    tables = examine(ASKED, asked, tmp_path, load_settings({}))
    paths = write_reports(tables, tmp_path, title="tiny", made=datetime.now(tz=UTC))

    rows = {row.name: row.kind for row in tables[0].rows}
    assert rows["always normal"] == "blind"
    assert {"stage-0 head", "tiny", "tiny, never revising"} <= rows.keys()
    assert len(read_records(tmp_path / "L1" / "full")[1]) == 2
    assert all(path.stat().st_size for path in paths)
    assert "### L1: what is said" in figures_page(tables, ASKED)
    asked_before = len(writer.asked)
    assert examine(ASKED, asked, tmp_path, load_settings({})) == tables
    assert len(writer.asked) == asked_before


def test_the_head_cannot_be_asked_without_a_detector(tmp_path: Path) -> None:
    writer = ScriptedWriter(say=by_stage())

    with pytest.raises(SettingsError, match="row 'head' needs a detector"):
        examine(ASKED, examinee(writer), tmp_path, load_settings({}))
