"""The writing that a recorder puts over its pictures: a running clock, a camera's name."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import cv2
import numpy as np

from vau_agent.motion import Image
from vau_agent.training.scenes.shapes import Colour

_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m-%d-%Y %a %H:%M:%S",
    "%H:%M:%S",
    "%d.%m.%y  %H:%M:%S",
    "%Y/%m/%d %I:%M:%S %p",
)
_NAMES: Final = ("CAM {:02d}", "Camera {:02d}", "CH{:d}", "CAM{:d}", "Entrance {:d}", "{:02d}")
_FONTS: Final = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Text in corners."""

    start: datetime
    form: str
    name: str | None
    corner: tuple[int, int]
    """Of the clock: right and bottom are 1, left and top 0; the name is in the opposite one."""
    font: int
    size: float
    colour: Colour
    edged: bool
    """Written over a dark edge."""
    paper: bool
    """Written on a black band."""

    def write(self, picture: Image, timestamp: float) -> None:
        """Write the clock at `timestamp` seconds into `picture`."""
        now = self.start + timedelta(seconds=timestamp)
        self._put(picture, now.strftime(self.form), self.corner)
        if self.name is not None:
            self._put(picture, self.name, (1 - self.corner[0], 1 - self.corner[1]))

    def _put(self, picture: Image, text: str, corner: tuple[int, int]) -> None:
        rows, columns = picture.shape[:2]
        (width, height), below = cv2.getTextSize(text, self.font, self.size, 1)
        x = columns - width - 3 if corner[0] else 3
        y = rows - below - 2 if corner[1] else height + 3
        if self.paper:
            cv2.rectangle(
                picture, (x - 2, y - height - 2), (x + width + 1, y + below), (0, 0, 0), -1
            )
        if self.edged:
            cv2.putText(picture, text, (x + 1, y + 1), self.font, self.size, (0, 0, 0), 1)
        cv2.putText(picture, text, (x, y), self.font, self.size, self.colour, 1, cv2.LINE_AA)


def draw_clock(rng: np.random.Generator, size: tuple[int, int]) -> Clock:
    """Draw how the writing over pictures of `size` (width, height) looks."""
    font = int(rng.choice(_FONTS))
    form = str(rng.choice(_FORMATS))
    (width, height), _ = cv2.getTextSize("0" * len(form) + "00", font, 1.0, 1)
    name = str(rng.choice(_NAMES)).format(int(rng.integers(1, 33)))
    bright = int(rng.integers(190, 256))
    return Clock(
        start=datetime(2008, 1, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(500_000_000))),
        form=form,
        name=name if rng.random() < 0.6 else None,
        corner=(int(rng.integers(2)), int(rng.integers(2))),
        font=font,
        size=float(
            min(
                size[0] * rng.uniform(0.45, 0.9) / width, size[1] * rng.uniform(0.05, 0.09) / height
            )
        ),
        colour=(bright, bright, bright if rng.random() < 0.8 else 60),
        edged=bool(rng.random() < 0.5),
        paper=bool(rng.random() < 0.15),
    )
