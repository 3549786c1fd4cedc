import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from vau_agent.errors import BlobError, IntegrityError, SettingsError
from vau_agent.reports.custody import current_user, parse_custody
from vau_agent.reports.folder import result_json, write_folder
from vau_agent.reports.manifest import read_manifest, verify_folder
from vau_agent.results import Clip, Result

LoadPicture = Callable[[str], bytes]


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def custody_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "custody.jsonl").read_text().splitlines()]


def test_the_folder_holds_what_the_contract_lists(written: Path) -> None:
    found = names(written)
    assert {
        "report.html",
        "result.json",
        "events.csv",
        "events.vtt",
        "trace.jsonl",
        "manifest.json",
        "custody.jsonl",
        "clips/e1-stream.mp4",
        "clips/e1-view.mp4",
    } <= found
    assert sum(name.startswith("thumbs/f") for name in found) == 12
    assert list(written.parent.iterdir()) == [written]


def test_result_json_validates_against_the_generated_schema(
    all_results: tuple[Result, ...], written: Path
) -> None:
    schema = Result.model_json_schema(by_alias=True, mode="serialization")
    Draft202012Validator.check_schema(schema)
    for text in (*map(result_json, all_results), (written / "result.json").read_text()):
        Draft202012Validator(schema).validate(json.loads(text))


def test_result_json_is_sorted_and_reads_back(anomalous: Result, written: Path) -> None:
    text = (written / "result.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert json.loads(text)["schema"] == "vau.result/1"
    read = Result.model_validate_json(text)
    frame = read.events[0].evidence[0]
    assert frame.thumb == f"thumbs/f118-{frame.sha256[:12]}.jpg"
    assert read.model_copy(update={"events": (), "stages": (), "answers": ()}) == (
        anomalous.model_copy(update={"events": (), "stages": (), "answers": ()})
    )


def test_half_a_surrogate_pair_is_written_as_a_question_mark(
    anomalous: Result, pictures: LoadPicture, tmp_path: Path
) -> None:
    broken = anomalous.model_copy(update={"warnings": ("half \ud800 pair",)})
    write_folder(broken, tmp_path / "out", thumbs=pictures)
    assert "half ? pair" in (tmp_path / "out" / "result.json").read_text()
    assert verify_folder(tmp_path / "out").ok


def test_the_manifest_names_clips_heads_and_source(
    written: Path, trace: list[bytes], anomalous: Result
) -> None:
    manifest = read_manifest(written)
    assert manifest.source.sha256 == anomalous.video.sha256
    assert manifest.clips[0].viewing_copy is not None
    assert manifest.clips[0].viewing_copy.start_s == 463.4
    assert manifest.journal_head == json.loads(trace[-1])["hash"]
    assert manifest.custody_head == custody_of(written)[-1]["hash"]
    assert {entry.path for entry in manifest.files} == names(written) - {"manifest.json"}


def test_custody_names_who_did_what_with_which_hashes(written: Path, anomalous: Result) -> None:
    (act,) = custody_of(written)
    assert (act["who"], act["action"], act["tool"]) == ("ada@lab", "analyze", "vau-agent 0.1.0")
    assert act["inputs"] == {"source": anomalous.video.sha256}
    hashes = {entry.path: entry.sha256 for entry in read_manifest(written).files}
    del hashes["custody.jsonl"]
    assert act["outputs"] == hashes


def test_the_operating_system_says_who(
    tmp_path: Path, normal: Result, pictures: LoadPicture
) -> None:
    write_folder(normal, tmp_path / "out", thumbs=pictures)
    assert custody_of(tmp_path / "out")[0]["who"] == current_user()
    user, host = current_user().split("@")
    assert user
    assert host == os.uname().nodename


def test_writing_again_appends_to_the_custody_history(
    written: Path, anomalous: Result, pictures: LoadPicture
) -> None:
    before = (written / "custody.jsonl").read_text()
    shorter = anomalous.model_copy(update={"stages": (), "answers": ()})
    write_folder(shorter, written, thumbs=pictures, action="ask", who="bob@lab")
    assert (written / "custody.jsonl").read_text().startswith(before)
    assert [(act["who"], act["action"]) for act in custody_of(written)] == [
        ("ada@lab", "analyze"),
        ("bob@lab", "ask"),
    ]
    lines = (written / "custody.jsonl").read_text().splitlines()
    assert len(parse_custody(lines, anomalous.run_id)) == 2
    assert verify_folder(written).ok
    assert sum(name.startswith("thumbs/") for name in names(written)) == 4


def test_clips_can_be_taken_over_from_the_folder_itself(
    written: Path, anomalous: Result, pictures: LoadPicture
) -> None:
    clips = read_manifest(written).clips
    write_folder(anomalous, written, thumbs=pictures, clips=clips, clips_folder=written / "clips")
    assert (written / "clips" / "e1-view.mp4").read_bytes() == b"view"
    assert verify_folder(written).ok


def test_what_a_person_laid_into_the_folder_is_kept(
    written: Path, anomalous: Result, pictures: LoadPicture
) -> None:
    (written / "notes").mkdir()
    (written / "notes" / "mine.txt").write_text("call the shop")
    write_folder(anomalous, written, thumbs=pictures)
    assert (written / "notes" / "mine.txt").read_text() == "call the shop"
    assert [problem.path for problem in verify_folder(written).problems] == ["notes/mine.txt"]


@pytest.mark.parametrize("content", ["holiday.jpg", "result.json"])
def test_a_folder_of_somebody_else_is_never_replaced(
    tmp_path: Path, normal: Result, pictures: LoadPicture, content: str
) -> None:
    (tmp_path / content).write_bytes(b"mine")
    with pytest.raises(SettingsError, match="exists and is no output folder"):
        write_folder(normal, tmp_path, thumbs=pictures)
    assert (tmp_path / content).read_bytes() == b"mine"


def test_a_folder_of_another_run_is_never_replaced(
    written: Path, anomalous: Result, pictures: LoadPicture
) -> None:
    other = anomalous.model_copy(update={"run_id": "other"})
    with pytest.raises(SettingsError, match="holds run '3f9c2b7e51d4', not 'other'"):
        write_folder(other, written, thumbs=pictures)


def test_a_broken_custody_history_is_not_written_over(
    written: Path, anomalous: Result, pictures: LoadPicture
) -> None:
    custody = written / "custody.jsonl"
    custody.write_text(custody.read_text().replace("ada@lab", "eve@lab"))
    with pytest.raises(IntegrityError, match="is not written again: custody line 1 does not match"):
        write_folder(anomalous, written, thumbs=pictures)
    assert "eve@lab" in custody.read_text()


@pytest.mark.parametrize("change", ["gone", "empty"])
def test_a_custody_history_that_was_cut_off_is_noticed(
    written: Path, anomalous: Result, pictures: LoadPicture, change: str
) -> None:
    custody = written / "custody.jsonl"
    custody.unlink()
    if change == "empty":
        custody.touch()
    with pytest.raises(IntegrityError, match="is not written again: its custody"):
        write_folder(anomalous, written, thumbs=pictures)


def test_a_failure_leaves_the_old_folder_and_nothing_else(written: Path, anomalous: Result) -> None:
    before = (written / "manifest.json").read_bytes()

    def fail(sha256: str) -> bytes:
        raise BlobError(f"blob {sha256[:12]} is gone")

    with pytest.raises(BlobError):
        write_folder(anomalous, written, thumbs=fail)
    assert (written / "manifest.json").read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_a_clip_that_was_altered_is_not_taken_over(
    tmp_path: Path,
    anomalous: Result,
    pictures: LoadPicture,
    cut: tuple[tuple[Clip, ...], Path],
) -> None:
    clips, clips_folder = cut
    (clips_folder / "e1-view.mp4").write_bytes(b"other")
    with pytest.raises(IntegrityError, match=r"'e1-view\.mp4' was altered"):
        write_folder(
            anomalous, tmp_path / "out", thumbs=pictures, clips=clips, clips_folder=clips_folder
        )


@pytest.mark.parametrize("stage", ["between the renames", "before the clean-up"])
def test_a_crash_while_replacing_is_mended_by_the_next_writer(
    written: Path, anomalous: Result, pictures: LoadPicture, stage: str
) -> None:
    old = written.parent / f".{written.name}.old"
    written.rename(old)
    if stage == "before the clean-up":
        write_folder(anomalous, written.with_name("copy"), thumbs=pictures, who="ada@lab")
        written.with_name("copy").rename(written)
    write_folder(anomalous, written, thumbs=pictures, action="ask")
    assert not old.exists()
    assert [act["action"] for act in custody_of(written)] == ["analyze", "ask"]
    assert verify_folder(written).ok
