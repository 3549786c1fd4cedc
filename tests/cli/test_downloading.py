from io import StringIO

import pytest

from vau_agent.cli.downloading import (
    LiveDownload,
    PlainDownload,
    SilentDownload,
    open_download_view,
)


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def feed(view: PlainDownload | LiveDownload) -> None:
    """Let two parts arrive in many small steps."""
    for what, size in (("one 1.0", 2_000_000), ("two 2.0", 1_000_000)):
        for done in range(0, size + 1, 10_000):
            view.on_progress(what, done, size)
    view.say("  assemble both")
    view.close()


def test_a_log_gets_a_line_for_each_tenth_of_each_part() -> None:
    stream = StringIO()

    feed(PlainDownload(stream))

    lines = stream.getvalue().splitlines()
    assert len(lines) == 11 + 11 + 1
    assert lines[0] == "  fetch    one 1.0   0.0 of 2.0 MB"
    assert lines[10] == "  fetch    one 1.0   2.0 of 2.0 MB"
    assert lines[-1] == "  assemble both"


def test_a_part_of_unknown_size_gets_one_line() -> None:
    stream = StringIO()
    view = PlainDownload(stream)

    for done in (1000, 2000, 3000):
        view.on_progress("one", done, 0)

    assert len(stream.getvalue().splitlines()) == 1


def test_a_terminal_gets_a_bar_for_each_part() -> None:
    stream = Terminal()

    feed(LiveDownload(stream))

    assert "one 1.0" in stream.getvalue()
    assert "two 2.0" in stream.getvalue()
    assert "2.0/2.0 MB" in stream.getvalue()
    assert "assemble both" in stream.getvalue()


def test_the_view_fits_where_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(open_download_view(quiet=False, stream=StringIO()), PlainDownload)
    assert isinstance(open_download_view(quiet=True, stream=Terminal()), SilentDownload)
    bars = open_download_view(quiet=False, stream=Terminal())
    bars.close()
    assert isinstance(bars, LiveDownload)


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    view = open_download_view(quiet=True)

    view.on_progress("one", 1, 2)
    view.say("line")
    view.close()

    assert capsys.readouterr() == ("", "")
