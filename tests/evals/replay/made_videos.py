"""Ten made-up videos: what a model answered about each 30 frames, and which frames are odd."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

LENGTH = 40
"""Answers of each video."""
FRAMES = LENGTH * 30 - 11
"""The last answer stands for fewer frames."""
EVENTS: Mapping[str, tuple[int, int]] = {
    "Fighting001_x264": (10, 18),
    "Burglary002_x264": (22, 30),
    "Arson003_x264": (5, 11),
    "Shooting004_x264": (28, 36),
    "Vandalism005_x264": (15, 20),
}
"""Answers during which something happens."""
NORMALS = tuple(f"Normal_Videos_{number:03}_x264" for number in range(5))
HAZARDS = (
    "A person punches another person and they fight.",
    "A person breaks a window of a house.",
    "A person smashes a car with a stick.",
)
CALM = ("People walk along the street.", "A car is parked.", "A person opens a door.")

Answers = dict[str, list[str]]


def answers(*, seed: int = 0) -> Answers:
    """Make answers that miss some of each event and raise false alarms elsewhere."""
    draw = np.random.default_rng(seed)
    told: Answers = {}
    for name in (*EVENTS, *NORMALS):
        start, end = EVENTS.get(name, (0, 0))
        told[name] = [_answer(start <= place < end, draw) for place in range(LENGTH)]
    return told


def truths() -> list[dict[str, object]]:
    """Give the entries of VERA's UCF_Eval.json about these videos."""
    return [_truth(name) for name in (*EVENTS, *NORMALS)]


def write(path: Path, value: object) -> Path:
    """Write JSON."""
    path.write_text(json.dumps(value))
    return path


def renamed(told: Answers, truth: Sequence[dict[str, object]]) -> tuple[Answers, list[object]]:
    """Give every video a number for a name, in answers and truth alike; kinds are reversed."""
    numbers = {name: f"clip{len(told) - place}" for place, name in enumerate(told)}
    entries: list[object] = []
    for entry in truth:
        folder, name = str(entry["video"]).removesuffix(".mp4").split("/")
        kind = folder if folder == "Normal" else "Stealing"
        entries.append({**entry, "video": f"{kind}/{numbers[name]}.mp4"})
    return {numbers[name]: said for name, said in told.items()}, entries


def _answer(odd: bool, draw: np.random.Generator) -> str:
    seen = draw.random() < (0.85 if odd else 0.1)
    opening = "Anomalous scenes." if seen else "Normal scenes."
    texts = HAZARDS if odd else CALM
    return f"{opening} {texts[draw.integers(len(texts))]}"


def _truth(name: str) -> dict[str, object]:
    times = [-1, -1, -1, -1]
    if name in EVENTS:
        start, end = EVENTS[name]
        times[:2] = [start * 30, end * 30]
    kind = "".join(letter for letter in name.split("0")[0] if letter.isalpha())
    folder = kind if name in EVENTS else "Normal"
    return {"video": f"{folder}/{name}.mp4", "temporal_label": times, "length": FRAMES}
