from pathlib import Path

import pytest

from tests.cli.support import Run


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("clips", ("--split", "L4"), "no split 'L4'; there are train, L1, L2, L3"),
        ("clips", ("--count", "0"), "--count"),
        ("detector", ("--clips", "nowhere"), "'nowhere' holds no clips of train"),
        ("detector", ("--clips", "nowhere", "--epochs", "0"), "schedule.epochs = 0"),
        ("detector", ("--clips", "nowhere", "--config", "none.toml"), "'none.toml'"),
    ],
)
def test_a_mistake_is_one_line(
    run: Run, tmp_path: Path, command: str, options: tuple[str, ...], said: str
) -> None:
    ended = run("train", command, "--out", tmp_path / "out", *options)

    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
