import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Run
from tests.evals.made import dataset, header, sample
from vau_agent.evals.records import Record
from vau_agent.evals.store import open_store

WORDS = {
    "s1": "A man in a grey hood fights with a clerk at the counter.",
    "s2": "Two boys fight beside a parked bus.",
    "s3": "A guard pushes a visitor down the stairs and they fight.",
}
SCORES = {
    "classification": 9,
    "key_matching": 8,
    "fluency": 7,
    "informativeness": 6,
    "factual_consistency": 5,
}


def run_folder(folder: Path, told: dict[str, str], *, sha256: str = "a" * 64) -> Path:
    """Write a run of three described fights."""
    samples = [
        sample(name, (1, 2)).model_copy(update={"description": text})
        for name, text in WORDS.items()
    ]
    with open_store(folder, header(3, sha256=sha256), dataset(*samples)) as store:
        for name, text in told.items():
            store.append(Record(schema="vau.record/1", sample_id=name, description=text))
    return folder


def judged(run: Run, *arguments: str) -> dict[str, Any]:
    said = run("eval", "judge", *arguments, "--json")
    assert said.code == 0, said.err
    table: dict[str, Any] = json.loads(said.out)
    return table


def test_a_run_is_graded_with_floors_beside(run: Run, tmp_path: Path) -> None:
    table = judged(run, str(run_folder(tmp_path / "a", WORDS)))

    metrics = table["metrics"]
    assert metrics["answers"]["total"] == metrics["own reference"]["total"]
    assert metrics["answers"]["total"] > metrics["answers of other videos"]["total"]
    assert table["kinds"]["empty answer"] == "floor"


def test_a_policy_is_asked_once_for_each_answer(run: Run, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "a", WORDS)
    script = tmp_path / "script.json"
    script.write_text(json.dumps([json.dumps(SCORES)] * 3), encoding="utf-8")
    arguments = (str(folder), "--by", f"scripted:{script}", "--no-floors")

    first = judged(run, *arguments)
    script.write_text(json.dumps(["nothing to read"]), encoding="utf-8")

    assert first["metrics"]["answers"]["total"] == 35
    assert judged(run, *arguments)["metrics"] == first["metrics"]
    assert (folder / "judgements.sqlite").is_file()


def test_of_two_runs_the_better_is_told_whichever_comes_first(run: Run, tmp_path: Path) -> None:
    good = str(run_folder(tmp_path / "good", WORDS))
    bad = str(run_folder(tmp_path / "bad", dict.fromkeys(WORDS, "Nobody knows.")))

    assert judged(run, good, bad)["metrics"]["a against b"]["a_wins"] == 1
    assert judged(run, bad, good)["metrics"]["a against b"]["b_wins"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("a", "--by", "rules"), 2, "'phrases' or a policy that reads"),
        (("a", "--by", "nobody"), 2, "unknown policy 'nobody'"),
        (("a", "other"), 2, "runs of one annotation"),
        (("absent",), 3, "holds no evaluation"),
    ],
)
def test_a_mistake_is_one_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    run_folder(tmp_path / "a", WORDS)
    run_folder(tmp_path / "other", WORDS, sha256="b" * 64)
    folders = {name: str(tmp_path / name) for name in ("a", "other", "absent")}

    said = run("eval", "judge", *(folders.get(one, one) for one in arguments))

    assert (said.code, said.out) == (code, "")
    assert told in said.err
