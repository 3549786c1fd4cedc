"""Which measured cues, together, look like which category.

A readable table, written down from what the cues mean. No number here was fitted to a video set.
"""

from dataclasses import dataclass
from typing import Final

from vau_agent.schemas import Candidate

PRESENT: Final = 0.5
"""A cue leads from here on: a cue says 0.5 where what it measures becomes unusual."""
SOME: Final = 0.2
"""A cue that only has to be there as well: about twice what it says in a normal moment (0.11)."""
HELP: Final = 0.1
"""What each further cue adds or takes: five of them weigh as much as a leading cue."""
MISFIT: Final = 0.5
"""Factor for the wrong size or length, or for a cue that explains the leading one away: these are
rough, so they halve a rating and do not end it."""
BODY_AREA: Final = 0.25
"""Largest share of the picture for one body: a person who fills half its width and height."""
LASTING_S: Final = 1.0
"""Fights and fires last longer than this; a push or a reflection does not."""
GENERIC: Final = "unusual motion"
"""What is left when nothing more can be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """Cues that must be there, and what they look like together."""

    category: str
    leads: tuple[str, ...]
    """Cues that must be present; their mean is the rating."""
    shows: str
    """What is seen, as the middle of a sentence."""
    ordinary: str
    """The ordinary explanation that fits the same cues."""
    needs: tuple[str, ...] = ()
    """Cues that must be there to some degree."""
    helps: tuple[str, ...] = ()
    hurts: tuple[str, ...] = ()
    explained_by: str | None = None
    """A cue that, when stronger than the leading ones, explains them without the category."""
    weight: float = 1.0
    """Below 1 for patterns that many other things produce too."""
    max_area: float = 1.0
    min_seconds: float = 0.0

    def rate(self, candidate: Candidate) -> float:
        """Say from 0 to 1 how well the candidate's cues fit; 0 when a needed cue is missing."""
        cues = candidate.cues
        leading = [cues.get(cue, 0.0) for cue in self.leads]
        if min(leading) < PRESENT or any(cues.get(cue, 0.0) < SOME for cue in self.needs):
            return 0.0
        lead = sum(leading) / len(leading)
        further = sum(cues.get(cue, 0.0) >= PRESENT for cue in self.helps)
        further -= sum(cues.get(cue, 0.0) >= PRESENT for cue in self.hurts)
        rating = min(1.0, max(0.0, self.weight * lead + HELP * further))
        return rating * MISFIT ** self._misfits(candidate, lead)

    def _misfits(self, candidate: Candidate, lead: float) -> int:
        area = box_area(candidate)
        explaining = candidate.cues.get(self.explained_by, 0.0) if self.explained_by else 0.0
        return sum(
            (
                area is not None and area > self.max_area,
                candidate.segment.duration < self.min_seconds,
                explaining > lead,
            )
        )


PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        category="fire",
        leads=("fire_colour",),
        needs=("flicker",),
        shows="an area in the colours of flames flickers",
        ordinary="a flashing lamp or a reflection in warm colours",
        hurts=("flash",),
        min_seconds=LASTING_S,
    ),
    Pattern(
        category="fire",
        leads=("fire_colour",),
        shows="an area in the colours of flames grows or moves",
        ordinary="a lamp, low sun or an orange object",
        hurts=("flash", "speed"),
        weight=0.7,
        min_seconds=LASTING_S,
    ),
    Pattern(
        category="explosion",
        leads=("flash", "fire_colour"),
        shows="a sudden flash comes with the colours of flames",
        ordinary="a warm light that is switched on",
        helps=("motion", "erratic", "crowd"),
    ),
    Pattern(
        category="explosion",
        leads=("flash", "motion"),
        shows="a sudden flash comes with strong motion",
        ordinary="a light that is switched, or headlights",
        helps=("impact",),
        weight=0.9,
    ),
    Pattern(
        category="fall",
        leads=("impact",),
        needs=("stillness",),
        shows="fast motion stops at once and what moved then lies still",
        ordinary="someone who sits or lies down quickly",
        hurts=("flash", "fire_colour"),
        max_area=BODY_AREA,
    ),
    Pattern(
        category="fall",
        leads=("impact", "speed"),
        shows="something small moves fast and stops within a fraction of a second",
        ordinary="someone who sits down quickly or catches something",
        hurts=("flash", "fire_colour", "crowd"),
        weight=0.9,
        max_area=BODY_AREA,
    ),
    Pattern(
        category="road accident",
        leads=("impact", "speed"),
        # A moving vehicle covers more of the picture than a body does.
        needs=("crowd",),
        shows="something large moves fast and stops or turns within a fraction of a second",
        ordinary="hard braking, or a vehicle that leaves the picture",
        hurts=("flash", "fire_colour"),
    ),
    Pattern(
        category="road accident",
        leads=("impact", "speed"),
        shows="something fast stops or turns within a fraction of a second",
        ordinary="hard braking, or a vehicle that leaves the picture",
        hurts=("flash", "fire_colour"),
        weight=0.8,
    ),
    Pattern(
        category="fighting",
        leads=("erratic",),
        needs=("motion",),
        shows="motion in one place changes direction and strength quickly",
        ordinary="people who play, dance or greet each other",
        hurts=("fire_colour", "crowd", "speed"),
        weight=0.8,
        min_seconds=LASTING_S,
    ),
    Pattern(
        category="abandoned object",
        leads=("object_left",),
        shows="something new stays where nothing was",
        ordinary="its owner put it down and stays near",
        hurts=("crowd",),
        explained_by="stillness",
    ),
    Pattern(
        category="object removed",
        leads=("object_removed",),
        shows="something that was there for long is gone",
        ordinary="its owner took it",
        hurts=("crowd",),
    ),
    Pattern(
        category="crowd panic",
        leads=("crowd",),
        needs=("speed",),
        shows="fast motion suddenly spreads over much of the picture",
        ordinary="a camera that is moved, or a crowd that is let through",
        hurts=("flash",),
    ),
    Pattern(
        category=GENERIC,
        leads=("speed",),
        shows="something moves faster than things in this video normally do",
        ordinary="someone in a hurry, or a vehicle close to the camera",
        weight=0.7,
    ),
    Pattern(
        category=GENERIC,
        leads=("motion",),
        shows="there is more motion than this video normally has",
        ordinary="something large that passes close to the camera",
        weight=0.6,
    ),
    Pattern(
        category=GENERIC,
        leads=("erratic",),
        shows="motion in one place changes direction quickly",
        ordinary="a plant in the wind, or a flag",
        weight=0.6,
    ),
    Pattern(
        category=GENERIC,
        leads=("impact",),
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
