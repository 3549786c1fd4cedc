import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import SettingsError
from vau_agent.reports.folder import write_folder
from vau_agent.reports.manifest import verify_folder
from vau_agent.results import Result

Tamper = Callable[[Path], object]


def edit_manifest(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change the manifest as somebody would who does not care for the other hashes."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def reseal(folder: Path, name: str) -> None:
    """List a changed file in the manifest with its new hash, as a careful forger would."""
    data = (folder / name).read_bytes()

    def change(document: dict[str, object]) -> None:
        files = document["files"]
        assert isinstance(files, list)
        for entry in files:
            if entry["path"] == name:
                entry["sha256"] = hashlib.sha256(data).hexdigest()
                entry["bytes"] = len(data)

    edit_manifest(folder, change)


def append(name: str) -> Tamper:
    def tamper(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(b" ")

    return tamper


def flip_a_bit(folder: Path) -> None:
    path = next((folder / "thumbs").iterdir())
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def replace_by_link(folder: Path) -> None:
    (folder / "events.csv").unlink()
    (folder / "events.csv").symlink_to("/etc/hostname")


def replace_by_pipe(folder: Path) -> None:
    (folder / "events.csv").unlink()
    os.mkfifo(folder / "events.csv")


def list_path(path: str) -> Tamper:
    def tamper(folder: Path) -> None:
        entry = {"path": path, "bytes": 1, "sha256": "0" * 64}

        def change(document: dict[str, object]) -> None:
            files = document["files"]
            assert isinstance(files, list)
            files.append(entry)

        edit_manifest(folder, change)

    return tamper


def edit_line(name: str, number: int, old: str, new: str, *, careful: bool = True) -> Tamper:
    def tamper(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines(keepends=True)
        assert old in lines[number]
        lines[number] = lines[number].replace(old, new)
        (folder / name).write_text("".join(lines))
        if careful:
            reseal(folder, name)

    return tamper


def drop_line(name: str, number: int) -> Tamper:
    def tamper(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines(keepends=True)
        del lines[number]
        (folder / name).write_text("".join(lines))
        reseal(folder, name)

    return tamper


def swap_lines(folder: Path) -> None:
    one, two, three = (folder / "trace.jsonl").read_text().splitlines(keepends=True)
    (folder / "trace.jsonl").write_text(one + three + two)
    reseal(folder, "trace.jsonl")


def edit_result(change: Callable[[dict[str, object]], object]) -> Tamper:
    def tamper(folder: Path) -> None:
        document = json.loads((folder / "result.json").read_text())
        change(document)
        (folder / "result.json").write_text(json.dumps(document))
        reseal(folder, "result.json")

    return tamper


def set_video_hash(document: dict[str, object]) -> None:
    video = document["video"]
    assert isinstance(video, dict)
    video["sha256"] = "0" * 64


def forge_clip_hash(document: dict[str, object]) -> None:
    clips = document["clips"]
    assert isinstance(clips, list)
    clips[0]["viewing_copy"]["sha256"] = "0" * 64


CUSTODY = ("custody", "custody.jsonl")
"""Files that change without a new act show in the chain of custody as well."""

TAMPERINGS: list[tuple[str, Tamper, set[tuple[str, str]]]] = [
    ("a byte more in the report", append("report.html"), {("altered", "report.html")}),
    ("a byte more in a clip", append("clips/e1-view.mp4"), {("altered", "clips/e1-view.mp4")}),
    ("a file gone", lambda folder: (folder / "events.vtt").unlink(), {("missing", "events.vtt")}),
    ("a folder gone", lambda folder: shutil.rmtree(folder / "clips"),
     {("missing", "clips/e1-stream.mp4"), ("missing", "clips/e1-view.mp4")}),
    ("a file more", lambda folder: (folder / "clips/new.mp4").touch(),
     {("extra", "clips/new.mp4")}),
    ("a link more", lambda folder: (folder / "x").symlink_to("/"), {("extra", "x")}),
    ("a file become a link", replace_by_link, {("escapes", "events.csv")}),
    ("a file become a pipe", replace_by_pipe, {("escapes", "events.csv")}),
    ("a path above the folder", list_path("../lobby.mp4"), {("escapes", "../lobby.mp4"), CUSTODY}),
    ("an absolute path", list_path("/etc/passwd"), {("escapes", "/etc/passwd"), CUSTODY}),
    ("a hidden climb", list_path("clips/../../x"), {("escapes", "clips/../../x"), CUSTODY}),
    ("a Windows path", list_path("..\\x"), {("escapes", "..\\x"), CUSTODY}),
    ("an empty path", list_path(""), {("escapes", ""), CUSTODY}),
    ("a file listed twice", list_path("report.html"), {("manifest", "report.html"), CUSTODY}),
    ("the manifest lists itself", list_path("manifest.json"),
     {("manifest", "manifest.json"), CUSTODY}),
    ("the trace edited", edit_line("trace.jsonl", 1, "Satz", "Wort"),
     {("trace", "trace.jsonl"), CUSTODY}),
    ("the trace cut at the end", drop_line("trace.jsonl", 2),
     {("trace", "trace.jsonl"), CUSTODY}),
    ("a trace record gone", drop_line("trace.jsonl", 0),
     {("trace", "trace.jsonl"), CUSTODY}),
    ("trace records swapped", swap_lines,
     {("trace", "trace.jsonl"), CUSTODY}),
    ("a trace line that is no record", edit_line("trace.jsonl", 0, "{", "["),
     {("trace", "trace.jsonl"), CUSTODY}),
    ("custody edited", edit_line("custody.jsonl", 0, "ada", "eve"),
     {CUSTODY}),
    ("custody cut", drop_line("custody.jsonl", 0), {CUSTODY}),
    ("custody is no record", edit_line("custody.jsonl", 0, "{", "["),
     {CUSTODY}),
    ("another verdict, hashes redone", edit_result(lambda r: r.update(warnings=[])),
     {CUSTODY}),
    ("another run in the result", edit_result(lambda r: r.update(run_id="other")),
     {("result", "result.json"), CUSTODY}),
    ("another source in the result", edit_result(set_video_hash),
     {("result", "result.json"), CUSTODY}),
    ("a result that is none", edit_result(lambda r: r.clear()),
     {("result", "result.json"), CUSTODY}),
    ("another clip in the manifest", lambda folder: edit_manifest(folder, forge_clip_hash),
     {("manifest", "manifest.json")}),
    ("no manifest", lambda folder: (folder / "manifest.json").unlink(),
     {("manifest", "manifest.json")}),
    ("a manifest that is none", lambda folder: (folder / "manifest.json").write_text("{}"),
     {("manifest", "manifest.json")}),
    ("a manifest nested without end",
     lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
     {("manifest", "manifest.json")}),
    ("a manifest of another version",
     lambda folder: edit_manifest(folder, lambda m: m.update(schema="vau.manifest/2")),
     {("manifest", "manifest.json")}),
]  # fmt: skip


def test_an_untouched_folder_holds(written: Path) -> None:
    report = verify_folder(written)
    assert report.ok
    assert report.files == 20
    assert report.manifest_sha256 is not None


@pytest.mark.parametrize(
    ("tamper", "expected"), [case[1:] for case in TAMPERINGS], ids=[case[0] for case in TAMPERINGS]
)
def test_every_kind_of_tampering_is_found(
    written: Path, tamper: Tamper, expected: set[tuple[str, str]]
) -> None:
    tamper(written)
    report = verify_folder(written)
    assert {(problem.kind, problem.path) for problem in report.problems} == expected
    assert not report.ok
    assert all(problem.detail for problem in report.problems)


def test_one_flipped_bit_is_found(written: Path) -> None:
    flip_a_bit(written)
    (problem,) = verify_folder(written).problems
    assert problem.kind == "altered"
    assert problem.path.startswith("thumbs/")


def test_a_moved_and_a_copied_folder_still_hold(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "somewhere else"
    shutil.copytree(written, copy)
    assert verify_folder(copy).ok
    moved = tmp_path / "moved"
    written.rename(moved)
    assert verify_folder(moved).ok


def test_checking_changes_nothing(written: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in written.rglob("*")}
    verify_folder(written)
    assert {path: path.stat().st_mtime_ns for path in written.rglob("*")} == before


def test_the_source_is_compared_when_it_is_at_hand(written: Path, tmp_path: Path) -> None:
    source = tmp_path / "lobby.mp4"
    source.write_bytes(b"the source file")
    assert verify_folder(written, source=source).ok
    source.write_bytes(b"the source file, cut")
    (problem,) = verify_folder(written, source=source).problems
    assert (problem.kind, problem.path) == ("source", str(source))


def test_a_source_that_is_not_there_is_a_problem(written: Path, tmp_path: Path) -> None:
    (problem,) = verify_folder(written, source=tmp_path / "gone.mp4").problems
    assert problem.kind == "source"


def test_no_folder_at_all_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no folder"):
        verify_folder(tmp_path / "nowhere")


def test_a_run_without_a_trace_holds(
    tmp_path: Path, normal: Result, pictures: Callable[[str], bytes]
) -> None:
    write_folder(normal, tmp_path / "out", thumbs=pictures)
    assert verify_folder(tmp_path / "out").ok
