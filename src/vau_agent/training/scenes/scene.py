"""A rendered scene: a story told in front of one camera, with exact truth."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vau_agent.motion import Image
from vau_agent.schemas import Box
from vau_agent.training.scenes.kinds import KINDS
from vau_agent.training.scenes.plot import CAR_WIDTH, DRIVABLE, Plot
from vau_agent.training.scenes.questions import ask
from vau_agent.training.scenes.splits import Split, categories, generator
from vau_agent.training.scenes.story import Story
from vau_agent.training.scenes.truth import Question, SceneTruth
from vau_agent.training.scenes.view import View, draw_view

NORMAL_SHARE: Final = 0.45
_RATES: Final = (5.0, 8.0, 10.0, 12.5, 15.0, 25.0)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A seeded scene; the same split, seed, kind and duration give the same pictures."""

    split: Split
    seed: int
    view: View
    story: Story
    fps: float
    """Pictures a second that a recording of it would have."""

    @property
    def truth(self) -> SceneTruth:
        """What is true of it."""
        return self.story.truth

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.story.duration_s

    def picture(self, timestamp: float) -> Image:
        """Return what the camera records at `timestamp` seconds."""
        return self.view.picture(self.story.shapes(timestamp), timestamp)

    def boxes(self, timestamp: float) -> dict[str, Box]:
        """Return where each actor of the truth is in the picture, by name."""
        shapes = self.story.shapes(timestamp)
        found = {name: self.view.box(shapes, name) for name in self.truth.actors}
        return {name: box for name, box in found.items() if box is not None}

    def questions(self) -> tuple[Question, ...]:
        """Return questions about the scene that its truth answers."""
        return ask(self.truth, self.duration_s, generator(self.split, self.seed, "questions"))


def draw_scene(
    split: Split, seed: int, *, kind: str | None = None, duration_s: float | None = None
) -> Scene:
    """Draw the scene of a seed.

    Args:
        split: Which looks and categories it may have.
        seed: Any whole number.
        kind: A name of `kinds.KINDS`; drawn where `None`.
        duration_s: Length; drawn from 2 to 40 s where `None`.
    """
    rng = generator(split, seed)
    name = kind or draw_kind(rng, split)
    length = duration_s or draw_duration(rng)
    driven = KINDS[name].driven
    view = draw_view(
        generator(split, seed, "view"),
        split,
        outdoors=KINDS[name].outdoors,
        among=DRIVABLE if driven else None,
        width=CAR_WIDTH if driven else 0.0,
    )
    plot = Plot(
        rng=generator(split, seed, "story"),
        area=view.area,
        place=view.place,
        night=view.night,
        duration_s=length,
    )
    return Scene(
        split=split,
        seed=seed,
        view=view,
        story=KINDS[name].tell(plot),
        fps=_RATES[int(rng.integers(len(_RATES)))],
    )


def draw_kind(rng: np.random.Generator, split: Split) -> str:
    """Draw the name of a kind: normal or not, then a category of `split`, then one of its kinds."""
    wanted: str | None = None
    if rng.random() >= NORMAL_SHARE:
        names = categories(split)
        wanted = names[int(rng.integers(len(names)))]
    fitting = {name: kind.weight for name, kind in KINDS.items() if kind.category == wanted}
    weights = np.array(list(fitting.values()))
    return str(rng.choice(list(fitting), p=weights / weights.sum()))


def draw_duration(rng: np.random.Generator) -> float:
    """Draw a length of 2 to 40 s; a third are so short that an event may fill all of them."""
    if rng.random() < 1 / 3:
        return round(float(rng.uniform(2, 6)), 1)
    return round(float(np.exp(rng.uniform(np.log(6), np.log(40)))), 1)
