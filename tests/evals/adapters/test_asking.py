import json
from pathlib import Path

import pytest

from vau_agent.api import list_runs, load_result
from vau_agent.evals.adapters.asking import agent_settings, answer
from vau_agent.evals.adapters.cases import read_cases, score_reply
from vau_agent.evals.adapters.verdicts import verdict_prompt


@pytest.mark.slow
def test_the_agent_answers_with_verdicts_and_in_words(
    clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    settings = agent_settings("rules", tmp_path)
    read = read_cases("manifest", clip_list, clip_folder)
    scores = {
        case.sample_id: score_reply(case, answer(read.videos[case.number], case.prompt, settings))
        for case in read.cases
    }

    assert all(score.readable and score.correct for score in scores.values())
    assert (scores["fighting.mp4"].iou or 0) > 0.5
    words = answer(clip_folder / "fighting.mp4", "When does the fight start?", settings)
    assert words.startswith("From")
    # Two videos, two runs, under one name that tells nothing, all inside the folder.
    runs = list_runs(settings=settings)
    assert [run.video for run in runs] == ["video.mp4", "video.mp4"]
    result, folder = load_result(runs[0].run_id, settings=settings)
    assert result.video.name == "video.mp4"
    assert folder.is_relative_to(tmp_path)
    stored = json.dumps([record.model_dump(mode="json") for record in result.stages])
    assert "empty.mp4" not in stored


def test_a_video_that_cannot_be_read_gets_an_empty_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    settings = agent_settings("rules", tmp_path / "out")

    assert answer(broken, verdict_prompt().render(), settings) == ""
    assert "no answer" in caplog.text
