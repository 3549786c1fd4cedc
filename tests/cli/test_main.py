import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import Run
from vau_agent import __version__

HEAVY = ("av", "numpy", "langgraph", "jinja2", "rich", "PIL", "decord", "vau_agent.api")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["bogus"], 2, "No such command 'bogus'"),
        (["analyze"], 2, "Missing argument"),
        (["runs"], 2, "Missing command"),
        (["analyze", "x.mp4", "--jobs", "0"], 2, "--jobs"),
        (["analyze", "x.mp4", "--exit-on", "sunset"], 2, "sunset"),
        (["analyze", "x.mp4", "--reader", "vhs"], 2, "'reader' = 'vhs'"),
        (["analyze", "x.mp4", "--rounds", "-1"], 2, "max_rounds"),
        (["analyze", "x.mp4", "--reflection", "long"], 2, "reflection"),
        (["analyze", "x.mp4", "--json", "--events"], 2, "--json and --events"),
        (["analyze", "no*such.mp4"], 2, "no file matches"),
        (["analyze", "no-such.mp4"], 3, "'no-such.mp4' does not exist"),
        (["verify", "no-such-folder"], 2, "no-such-folder"),
        (["config", "get", "colour"], 2, "no setting 'colour'"),
        (["schema", "poem"], 2, "poem"),
        (["demo", "--kind", "sunset"], 2, "no scene 'sunset'"),
        (["ask", "who left first?"], 1, "no finished run"),
        (["runs", "show"], 1, "no finished run"),
        (["clip", "latest", "0:01", "0:02"], 1, "no finished run"),
        (["runs", "resume", "abc"], 1, "abc"),
    ],
)
def test_a_mistake_is_one_line_with_its_code_and_no_traceback(
    run: Run, arguments: list[str], code: int, words: str
) -> None:
    said = run(*arguments)

    assert said.code == code
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("vau-agent: ")
    assert words in said.err


def test_a_policy_nobody_knows_is_named_before_anything_is_written(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "x.mp4").write_bytes(b"anything")

    said = run("analyze", tmp_path / "x.mp4", "--policy", "oracle", "--out", tmp_path / "out")

    assert said.code == 2
    assert "oracle" in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_without_arguments_the_help_is_shown(run: Run) -> None:
    said = run()

    assert said.code == 0
    assert "Usage: vau-agent" in said.out
    for command in ("analyze", "ask", "runs", "report", "clip", "verify", "doctor", "demo"):
        assert f"\n  {command} " in said.out


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out == f"vau-agent {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], (*HEAVY, "pydantic")),
        (["analyze", "--help"], HEAVY),  # typer itself checks options with pydantic
        (["config", "--help"], HEAVY),
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str], unwanted: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom vau_agent.cli.main import main\n"
        f"code = main({arguments!r})\n"
        f"heavy = [name for name in {unwanted!r} if name in sys.modules]\n"
        "sys.exit(f'loaded {heavy}' if heavy else code)\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr


def test_crash_reports_lie_under_the_home_that_was_given(tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    script = (
        "import sys\nimport vau_agent.api\nfrom vau_agent.cli.main import main\n"
        "del vau_agent.api.list_runs\n"
        f"sys.exit(main(['runs', 'list', '--home', {str(home)!r}]))\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    (report,) = (home / "crashes").iterdir()
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("vau-agent: internal error: ImportError")
    assert str(report) in ended.stderr
    assert "Traceback" in report.read_text()
    assert len(ended.stderr.splitlines()) == 1


def test_python_m_is_the_same_program() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "vau_agent", "--version"], capture_output=True, text=True
    )

    assert ended.stdout == f"vau-agent {__version__}\n"


def test_a_reader_that_leaves_early_is_no_error_message() -> None:
    command = f"'{sys.executable}' -m vau_agent schema result | head -c 10"

    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True)

    assert ended.stderr == ""
    assert ended.stdout.startswith("{")
