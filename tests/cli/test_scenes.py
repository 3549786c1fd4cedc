"""`vau-agent scenes` and `vau-agent train evaluate`: what they say, and what they refuse."""

from pathlib import Path

import pytest

from tests.cli.support import Run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("scenes", "render", "--out", "x", "--level", "L9"), "there are train, L1, L2, L3"),
        (("scenes", "sheet", "--out", "x.png", "--kind", "tea"), "no scene of kind 'tea'"),
        (("scenes", "render"), "Missing option '--out'"),
        (("train", "evaluate", "--model", "absent", "--out", "x"), "'absent' is no folder"),
        (("train", "evaluate", "--model", ".", "--out", "x", "--rows", "tea"), "no row 'tea'"),
        (("train", "evaluate", "--model", ".", "--out", "x", "--level", "none"), "needs --truth"),
        (("train", "evaluate", "--model", ".", "--out", "x", "--level", "L0"), "there are train"),
        (("train", "evaluate", "--model", ".", "--out", "x", "--videos", "."), "needs --truth"),
        (("train", "evaluate", "--model", ".", "--out", "x", "--precision", "int4"), "neither"),
        (("train", "evaluate", "--model", ".", "--out", "x"), "row 'head' needs a detector"),
        (
            ("train", "evaluate", "--model", ".", "--out", "x", "--detector", "y"),
            "'y' holds no detector.onnx",
        ),
    ],
)
def test_a_mistake_is_one_line_and_says_what_there_is(
    run: Run, arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*arguments)

    assert said.code == 2
    assert told in said.err
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert not list(tmp_path.glob("*.mp4"))


@pytest.mark.slow
def test_a_sheet_is_one_picture_of_many_scenes(run: Run, tmp_path: Path) -> None:
    said = run("scenes", "sheet", "--out", tmp_path / "s.png", "--count", "1", "--moments", "2")

    assert said.out.strip() == str(tmp_path / "s.png")
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
