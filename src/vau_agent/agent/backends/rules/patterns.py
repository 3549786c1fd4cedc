"""Which measured cues, together, look like which category.

A readable table, written down from what the cues mean. No number here was fitted to a video set.
"""

from dataclasses import dataclass
from typing import Final

from vau_agent.schemas import Candidate

PRESENT: Final = 0.5
"""A cue counts from here on: the value at which the anomaly curve calls a moment unusual."""
HELP: Final = 0.1
"""What each further cue adds or takes: five of them weigh as much as a cue that is needed."""
MISFIT: Final = 0.5
"""Factor for a region of the wrong size: sizes depend on the camera, so it halves, not excludes."""
BODY_AREA: Final = 0.25
"""Largest share of the picture for one body: a person who fills half its width and height."""
VEHICLE_AREA: Final = 0.03
"""Smallest share for a vehicle: a sixth of the picture's width and height, below it is a pedestrian
or too far away to tell."""

GENERIC: Final = "unusual motion"
"""What is left when nothing more can be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """Cues that must be there, and what they look like together."""

    category: str
    needs: tuple[str, ...]
    shows: str
    """What is seen, as the middle of a sentence."""
    ordinary: str
    """The ordinary explanation that fits the same cues."""
    helps: tuple[str, ...] = ()
    hurts: tuple[str, ...] = ()
    weight: float = 1.0
    """Below 1 for patterns that many other things produce too."""
    min_area: float = 0.0
    max_area: float = 1.0

    def rate(self, candidate: Candidate) -> float:
        """Say from 0 to 1 how well the candidate's cues fit; 0 when a needed cue is missing."""
        needed = [candidate.cues.get(cue, 0.0) for cue in self.needs]
        if min(needed) < PRESENT:
            return 0.0
        further = sum(candidate.cues.get(cue, 0.0) >= PRESENT for cue in self.helps)
        further -= sum(candidate.cues.get(cue, 0.0) >= PRESENT for cue in self.hurts)
        rating = self.weight * sum(needed) / len(needed) + HELP * further
        area = box_area(candidate)
        if area is not None and not self.min_area <= area <= self.max_area:
            rating *= MISFIT
        return min(1.0, max(0.0, rating))


PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        category="fire",
        needs=("fire_colour", "flicker"),
        shows="an area in the colours of flames flickers",
        ordinary="a flashing lamp or a reflection in warm colours",
    ),
    Pattern(
        category="fire",
        needs=("fire_colour",),
        shows="an area in the colours of flames grows or moves",
        ordinary="a lamp, low sun or an orange object",
        hurts=("speed",),
        weight=0.7,
    ),
    Pattern(
        category="explosion",
        needs=("flash", "motion"),
        shows="a sudden flash comes with strong motion",
        ordinary="a light that is switched, or headlights",
        helps=("fire_colour", "impact"),
    ),
    Pattern(
        category="fall",
        needs=("impact", "stillness"),
        shows="fast motion stops at once and what moved then lies still",
        ordinary="someone who sits or lies down quickly",
        hurts=("erratic",),
        max_area=BODY_AREA,
    ),
    Pattern(
        category="road accident",
        needs=("impact", "speed"),
        shows="something fast stops or turns within a fraction of a second",
        ordinary="hard braking, or a vehicle that leaves the picture",
        helps=("stillness",),
        hurts=("erratic",),
        min_area=VEHICLE_AREA,
    ),
    Pattern(
        category="fighting",
        needs=("erratic", "motion"),
        shows="motion in one place changes direction and strength quickly",
        ordinary="people who play, dance or greet each other",
        helps=("impact",),
        hurts=("fire_colour", "crowd"),
    ),
    Pattern(
        category="abandoned object",
        needs=("object_left",),
        shows="something new stays where nothing was",
        ordinary="its owner put it down and stays near",
        hurts=("crowd",),
    ),
    Pattern(
        category="object removed",
        needs=("object_removed",),
        shows="something that was there for long is gone",
        ordinary="its owner took it",
        hurts=("crowd",),
    ),
    Pattern(
        category="crowd panic",
        needs=("crowd", "speed"),
        shows="fast motion suddenly spreads over much of the picture",
        ordinary="a camera that is moved, or a crowd that is let through",
        hurts=("flash",),
    ),
    Pattern(
        category=GENERIC,
        needs=("speed",),
        shows="something moves faster than things in this video normally do",
        ordinary="someone in a hurry, or a vehicle close to the camera",
        weight=0.7,
    ),
    Pattern(
        category=GENERIC,
        needs=("motion",),
        shows="there is more motion than this video normally has",
        ordinary="something large that passes close to the camera",
        weight=0.6,
    ),
    Pattern(
        category=GENERIC,
        needs=("erratic",),
        shows="motion in one place changes direction quickly",
        ordinary="a plant in the wind, or a flag",
        weight=0.6,
    ),
    Pattern(
        category=GENERIC,
        needs=("impact",),
        shows="fast motion stops or turns within a fraction of a second",
        ordinary="a door, a barrier or a ball",
        weight=0.6,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One pattern and how well a candidate fits it."""

    pattern: Pattern
    rating: float


def match_patterns(candidate: Candidate) -> tuple[Match, ...]:
    """Give the patterns that fit, best first, one for each category.

    `unusual motion` is part of most events: it is no rival to a category that fits better.
    """
    best: dict[str, Match] = {}
    for pattern in PATTERNS:
        rating = pattern.rate(candidate)
        known = best.get(pattern.category)
        if rating > 0 and (known is None or rating > known.rating):
            best[pattern.category] = Match(pattern=pattern, rating=rating)
    ranked = sorted(best.values(), key=lambda match: -match.rating)
    if ranked and ranked[0].pattern.category != GENERIC:
        ranked = [match for match in ranked if match.pattern.category != GENERIC]
    return tuple(ranked)


def box_area(candidate: Candidate) -> float | None:
    """Give the share of the picture that the strongest cue covers."""
    return None if candidate.box is None else candidate.box.width * candidate.box.height
