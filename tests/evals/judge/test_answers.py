from pathlib import Path

import pytest

from vau_agent.errors import PredictionError
from vau_agent.evals.judge.answers import read_answers
from vau_agent.evals.judge.base import Candidate


def test_answers_are_read_by_video_whatever_the_case_of_headers(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(
        "\ufeffVIDEO NAME,description,Analysis\n"
        'a.mp4,"one, two",three\n'
        ",lost,lost\n"
        "a.mp4,again,again\n"
        "b.mp4,short\n",
        encoding="utf-8",
    )
    answers, gaps = read_answers(path)

    assert answers["a.mp4"] == Candidate(description="one, two", analysis="three")
    assert answers["b.mp4"] == Candidate(description="short", analysis="")
    assert [(gap.id, gap.kind) for gap in gaps] == [
        ("row 3", "missing-field"),
        ("a.mp4", "duplicate-id"),
    ]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"Video Name,Description\na.mp4,x\n", "analysis"),
        (b"", "no answer"),
        (b"Video Name,Description,Analysis\n", "no answer"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "answers.csv"
    path.write_bytes(content)

    with pytest.raises(PredictionError, match=named):
        read_answers(path)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="cannot be read"):
        read_answers(tmp_path / "none.csv")
