"""A model that says what it is told to, and videos of noise whose truth is made up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from vau_agent.agent.backends.base import Completion, TokenChoice, Usage
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.evals.samples import Dataset, Sample, Truth
from vau_agent.schemas import Segment
from vau_agent.tools.detection import Detection, Rule
from vau_agent.training.clips import Clip, ClipRecord, unmarked
from vau_agent.training.scenes.truth import SceneTruth
from vau_agent.training.validation.asking import Reply, Request
from vau_agent.training.validation.levels import Detect, Examinee, Level
from vau_agent.training.validation.shown import Shown

PROFILE: Final = ModelProfile(
    prompts="compact", pictures="motion", frames_per_window=8, frames_per_zoom=4
)
FALL: Final = "<think>A person falls [f3].</think><answer>fall</answer><glue>[3.0, 6.0]</glue>"
NORMAL: Final = "<think>People walk [f1].</think><answer>normal</answer><glue>[-1.0, -1.0]</glue>"
ACCEPT: Final = '<reflection>It fits.</reflection><request>{"accept": true}</request>'
DOUBT: Final = (
    '<reflection>It differs.</reflection><request>{"accept": false, "doubts": ["time"], '
    '"calls": [{"tool": "zoom", "arguments": {"start_s": 2.0, "end_s": 8.0}}]}</request>'
)

Say = Callable[[Conversation], str]


@dataclass(kw_only=True)
class ScriptedWriter:
    """Completes with a function of the conversation; remembers what it was asked."""

    say: Say
    accept: Callable[[Conversation], float | None] = lambda conversation: None
    profile: ModelProfile = PROFILE
    asked: list[Conversation] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def write(self, requests: Sequence[Request]) -> list[Reply]:
        if requests:
            self.batches.append(len(requests))
        self.asked += [request.conversation for request in requests]
        return [
            Reply(
                completion=Completion(
                    text=self.say(request.conversation),
                    usage=Usage(prompt_tokens=10, completion_tokens=5),
                ),
                accept=self.accept(request.conversation),
            )
            for request in requests
        ]


def by_stage(**texts: str) -> Say:
    """Say the same at every stage of one name."""
    return lambda conversation: texts[conversation.stage]


def shown(name: str, *, seconds: float = 16.0, bins: int = 16) -> Shown:
    """Make a video of noise."""
    pictures = np.random.default_rng(len(name)).integers(0, 255, (bins, 32, 32, 3), dtype=np.uint8)
    truth = SceneTruth(kind="noise", caption="Noise.", place="nowhere")
    record = ClipRecord(split="L1", seed=0, duration_s=seconds, truth=truth)
    return Shown(
        id=name, clip=Clip(pictures=pictures, marks=unmarked(len(pictures)), record=record)
    )


def sample(name: str, category: str | None = None, *events: tuple[float, float]) -> Sample:
    """Make a sample of 16 s: normal without a category."""
    return Sample(
        id=name,
        source="made",
        video=f"{name}.mp4",
        truth=Truth(
            anomalous=category is not None,
            category=category,
            events=tuple(Segment(start=start, end=end) for start, end in events),
        ),
        duration_s=16.0,
    )


def level(*samples: Sample, name: str = "L1") -> Level:
    """Make a level of videos of noise."""
    return Level(
        name=name,
        dataset=Dataset(benchmark="made", annotation="made by hand", samples=samples),
        kinds={one.id: one.truth.category or "walk" for one in samples},
        show=shown,
    )


def detecting(category: str | None, first: int = 4, last: int = 8) -> Detect:
    """Make a detector that always says the same: a category in some bins, or nothing."""
    classes = ("normal", "fall", "fighting")

    def detect(one: Shown) -> Detection:
        probabilities = np.zeros((len(one.clip.pictures), len(classes)), dtype=np.float32)
        probabilities[:, 0] = 1
        if category is not None:
            probabilities[first:last] = 0
            probabilities[first:last, classes.index(category)] = 1
        return Detection(edges=one.clip.boundaries, probabilities=probabilities, classes=classes)

    return detect


def examinee(writer: ScriptedWriter, detect: Detect | None = None) -> Examinee:
    """Put a double of a model and of a detector together."""
    return Examinee(writer=writer, detect=detect, rule=Rule(), digests={"model": "made"})


def choices(*tokens: str) -> list[TokenChoice]:
    """Make written tokens without alternatives."""
    return [TokenChoice(token=token, logprob=0.0) for token in tokens]
