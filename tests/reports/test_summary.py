from pathlib import Path

from vau_agent.reports.summary import summary_lines
from vau_agent.results import Result, ResultVerdict

FOLDER = Path("vau-out/lobby-3f9c")


def test_one_event_is_told_in_three_lines(anomalous: Result) -> None:
    one = anomalous.model_copy(update={"events": anomalous.events[:1], "warnings": ()})
    assert summary_lines(one, folder=FOLDER, clips=1) == [
        "VERDICT  anomalous: stealing, 07:43.4-07:52.1, risk high, "
        "confidence 0.61 (not calibrated)",
        "         A person lifts a bag from an unattended seat and leaves by the left door. "
        "[f118 f121 f126]",
        "Report   vau-out/lobby-3f9c/report.html     Clips  1     Time 58 s     Calls 6     "
        "Coverage 92% (every keyframe, and 10 frames a second around candidates)",
    ]


def test_several_events_each_have_their_line(anomalous: Result) -> None:
    lines = summary_lines(anomalous, folder=FOLDER, clips=2)
    assert "and 1 more" in lines[0]
    assert lines[1].startswith("         07:43.4-07:52.1 A person lifts")
    assert lines[2].startswith("         11:02.0-11:06.4 Someone drops")


def test_warnings_come_last(anomalous: Result) -> None:
    assert summary_lines(anomalous, folder=FOLDER, clips=0)[-1].startswith("Warning  the file")


def test_inconclusive_says_why(inconclusive: Result) -> None:
    lines = summary_lines(inconclusive, folder=FOLDER, clips=0)
    assert lines[0] == "VERDICT  inconclusive, confidence not stated"
    assert "the picture is black" in lines[1]


def test_normal_has_no_risk(normal: Result) -> None:
    assert summary_lines(normal, folder=FOLDER, clips=0)[0] == "VERDICT  normal, confidence 0.90"


def test_a_terminal_is_never_controlled(anomalous: Result) -> None:
    hostile = anomalous.model_copy(
        update={
            "verdict": ResultVerdict(label="anomalous", category="a\x1b]0;b\x07\n"),
            "warnings": ("c\x1b[31m",),
        }
    )
    text = "".join(summary_lines(hostile, folder=Path("d\x1b[2J"), clips=0))
    assert text.isprintable()
