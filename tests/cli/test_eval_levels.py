import json
from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.evals.made import dataset, header, opinion, record, sample
from vau_agent.evals.samples import Dataset
from vau_agent.evals.store import open_store


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A run over two sources in which the agent finds what it was trained on."""
    made: Dataset = dataset(*(sample(name, (0, 4)) for name in ("seen", "elsewhere")))
    sources = {"seen": "home", "elsewhere": "street"}
    samples = tuple(one.model_copy(update={"source": sources[one.id]}) for one in made.samples)
    folder = tmp_path / "run"
    with open_store(folder, header(2), made.model_copy(update={"samples": samples})) as store:
        store.append(record("seen", opinion((0, 4))))
        store.append(record("elsewhere", opinion()))
    return folder


def test_a_report_scores_by_level(run: Run, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    said = run("eval", "report", finished, "--train-source", "home", "--out", out, "--draws", 9)

    assert said.code == 0
    metrics = json.loads(out.read_text())["metrics"]
    assert metrics["L1"]["recall"] == 1
    assert metrics["L2"]["recall"] == 0
    assert metrics["L1 - L2"]["recall"] == 1
    assert metrics["L1 - L3"]["recall"] is None


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--held-out-class", "fall"), 2, "--held-out-class needs --train-source"),
        (("--train-source", "nowhere"), 3, "no source 'nowhere' in the annotation; found: home"),
    ],
)
def test_levels_that_cannot_be_are_refused(
    run: Run, finished: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    said = run("eval", "report", finished, *options, "--draws", 9)

    assert (said.code, words in said.err) == (code, True)
    assert not (finished / "report.html").exists()
