"""Small synthetic truths and files, in the schemas of the published ones."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

VAU_HEADER = (
    "Video Name,Question,Option 1,Option 2,Option 3,Option 4,Correct Option,Key Object,"
    "Description,Reasoning,Anomaly Class,Start Time,End Time"
)
VAU_ROWS = (
    "clip_1.mp4,What is odd?,a fall,a fire,rain,nothing,A,man,A man falls.,He slips.,Assault,10,20",
    "clip_2.mp4,What is odd?,smoke,a fight,rain,nothing,a fight,men,Men.,They hit.,Fighting,0,4",
    "clip_3.mp4,What is odd?,a fall,a fire,rain,nothing,D,street,A street.,Calm.,Normal,0,0",
    "clip_4.mp4,What is odd?,a fall,a fire,rain,nothing,B,fire,A fire.,It burns.,Fire,-1,-1",
)


@pytest.fixture
def ucf_truth(tmp_path: Path) -> Path:
    """Two videos as VERA's UCF_Eval.json has them: 100 frames, 40..70 anomalous; 60 normal."""
    entries = [
        {"video": "frames/Arson/one.mp4", "temporal_label": [40, 70, -1, -1], "length": 100},
        {"video": "frames/Normal/two.mp4", "temporal_label": [-1, -1, -1, -1], "length": 60},
    ]
    path = tmp_path / "UCF_Eval.json"
    path.write_text(json.dumps(entries))
    return path


@pytest.fixture
def vau_truth(tmp_path: Path) -> Path:
    """Four rows of VAU-Bench: a letter key, a full-text key, a normal one, one without times."""
    path = tmp_path / "truth.csv"
    path.write_text("\n".join((VAU_HEADER, *VAU_ROWS)) + "\n")
    return path


WriteLines = Callable[[str, Iterable[Mapping[str, JsonValue]]], Path]


@pytest.fixture
def write_lines(tmp_path: Path) -> WriteLines:
    """Write objects as JSON lines under a name."""

    def write(name: str, entries: Iterable[Mapping[str, JsonValue]]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        return path

    return write
