"""The scenes of a level with their truth, kept in a file: drawing a scene takes a while."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from vau_agent.evals.samples import Sample
from vau_agent.schemas import Value
from vau_agent.training.clips import render_clip
from vau_agent.training.rendering import scene_name
from vau_agent.training.scenes.scene import Scene, draw_scene
from vau_agent.training.scenes.splits import Split
from vau_agent.training.validation.shown import Shown, scene_sample

LIST_NAME: Final = "scenes.jsonl"
_AT_ONCE: Final = 64
"""Drawn scenes that are held until their pictures are asked for."""


class Listed(Value):
    """One scene."""

    seed: int
    kind: str
    """The story that is told."""
    sample: Sample


class SceneList:
    """Scenes of one split by their number; what is in the file is not drawn again for its truth."""

    def __init__(self, split: Split, path: Path) -> None:
        self._split: Split = split
        self._path = path
        self._known = {one.seed: one for one in _read(path)}
        self._drawn: dict[int, Scene] = {}

    def take(self, seeds: Sequence[int], *, source: str) -> Iterator[Listed]:
        """Give scenes in order, counted under `source`; new ones are added to the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            for seed in seeds:
                if seed not in self._known:
                    self._known[seed] = self._draw(seed)
                    file.write(self._known[seed].model_dump_json() + "\n")
                one = self._known[seed]
                yield one.model_copy(
                    update={"sample": one.sample.model_copy(update={"source": source})}
                )

    def show(self, seed: int) -> Shown:
        """Draw a scene's pictures."""
        scene = self._drawn.pop(seed, None) or draw_scene(self._split, seed)
        return Shown(id=scene_name(self._split, seed), clip=render_clip(scene))

    def _draw(self, seed: int) -> Listed:
        scene = draw_scene(self._split, seed)
        if len(self._drawn) < _AT_ONCE:
            self._drawn[seed] = scene
        return Listed(
            seed=seed, kind=scene.truth.kind, sample=scene_sample(scene, source=self._split)
        )


def _read(path: Path) -> Iterator[Listed]:
    """Read what is whole; a line that was cut off is drawn anew."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Listed.model_validate_json(line)
        except ValidationError:
            continue
