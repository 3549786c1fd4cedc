"""Which moments of a segment are shown: pure."""

from collections.abc import Sequence

from vau_agent.schemas import Candidate, Segment


def choose_times(segment: Segment, candidates: Sequence[Candidate], count: int) -> list[float]:
    """Choose the moments to show: the strongest peaks first, the rest spread evenly."""
    inside = sorted(candidates, key=lambda one: -one.score)
    peaks = [one.peak for one in inside if segment.contains(one.peak)][: count // 2]
    spread = count - len(peaks)
    even = [segment.start + (i + 0.5) * segment.duration / spread for i in range(spread)]
    return sorted({round(time, 3) for time in (*peaks, *even)})
