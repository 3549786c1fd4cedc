"""Fire and explosions as players of a story: they grow, flicker, smoke, throw bits, clear."""

from math import cos, exp, inf, pi, sin

from vau_agent.training.scenes.plot import Plot, Spot
from vau_agent.training.scenes.poses import smooth
from vau_agent.training.scenes.shapes import Ball, Flame, Flash, Shape, Smoke


class Blaze:
    """A fire that grows from a spark, flickers, smokes and may die down."""

    def __init__(
        self,
        plot: Plot,
        name: str,
        spot: Spot,
        *,
        start: float,
        end: float = inf,
        grow_s: float,
        size: float,
        bottom: float = 0.0,
        smoky: float = 1.0,
    ) -> None:
        self.name, self._spot, self._bottom = name, spot, bottom
        self._start, self._end, self._grow_s = start, end, grow_s
        self._size, self._smoky = size, smoky
        rng = plot.rng
        count = int(rng.integers(2, 6))
        self._tongues = [
            (
                rng.uniform(-0.5, 0.5),
                rng.uniform(-0.2, 0.2),
                rng.uniform(0.5, 1.0),
                rng.uniform(0, 9),
            )
            for _ in range(count)
        ]
        self._puffs = rng.uniform(0, 1, (9, 3))
        self._wind = rng.uniform(-0.5, 0.5)
        self._grey = int(rng.integers(30, 130))

    def strength(self, timestamp: float) -> float:
        """Return how far the fire has grown, 0..1."""
        grown = smooth((timestamp - self._start) / self._grow_s)
        return grown * (1 - smooth((timestamp - self._end) / 2.0))

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return flames, glow and smoke."""
        strength = self.strength(timestamp)
        if strength <= 0:
            return []
        x, y = self._spot
        grown = self._size * (0.15 + 0.85 * strength)
        solids: list[Shape] = self._smoke(timestamp, strength)
        for across, along, tall, phase in self._tongues:
            flicker = (
                1 + 0.25 * sin(11 * timestamp + 3 * phase) + 0.15 * sin(23 * timestamp + phase)
            )
            foot = (x + across * grown, y + along * grown, self._bottom)
            solids.append(
                Flame(
                    foot,
                    0.55 * grown * flicker,
                    1.1 * grown * tall * flicker,
                    timestamp + phase,
                    min(1.0, 0.6 + 0.4 * strength),
                    self.name,
                )
            )
        glow = 0.35 * strength * (1 + 0.3 * sin(13 * timestamp) + 0.2 * sin(29 * timestamp))
        lamp = (x, y, self._bottom + 0.5 * grown)
        solids.append(Flash(lamp, 1.2 * grown + 0.4, glow, (255, 170, 80), self.name))
        return solids

    def _smoke(self, timestamp: float, strength: float) -> list[Shape]:
        x, y = self._spot
        grey = (self._grey, self._grey, self._grey)
        puffs: list[Shape] = []
        for shift, jitter, wide in self._puffs.tolist():
            life = (0.28 * timestamp + shift) % 1.0
            born = timestamp - life / 0.28
            if born < self._start or not self._smoky:
                continue
            rise = self._bottom + 0.6 * self._size + 3.2 * life
            drift = self._wind * 2.5 * life * life + (jitter - 0.5) * 0.5
            puffs.append(
                Smoke(
                    (x + drift, y, rise),
                    (0.35 + 1.1 * life) * (0.6 + 0.6 * wide) * self._size**0.5,
                    0.8 * self._smoky * strength * (1 - life),
                    grey,
                    self.name,
                )
            )
        return puffs


class Blast:
    """An explosion: a flash, a ball of fire, flying bits, then a cloud that lingers."""

    def __init__(self, plot: Plot, name: str, spot: Spot, *, at: float, size: float) -> None:
        self.name, self._spot, self._at, self._size = name, spot, at, size
        rng = plot.rng
        angles, pace = rng.uniform(0, 2 * pi, 16), rng.uniform(1.5, 6.0, 16)
        self._bits = [
            (p * cos(a), 0.5 * p * sin(a), u)
            for a, p, u in zip(angles, pace, rng.uniform(2, 7, 16), strict=True)
        ]
        self._puffs = rng.uniform(-1, 1, (14, 3)).tolist()
        self._grey = int(rng.integers(40, 150))
        self._lasts = float(rng.uniform(5.0, 14.0))
        self.clears = at + 0.75 * self._lasts
        """When hardly any smoke is left."""

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return what is left of the blast at `timestamp`."""
        since = timestamp - self._at
        if since < 0:
            return []
        x, y = self._spot
        size, solids = self._size, list[Shape]()
        glow = exp(-since / 0.18)
        if glow > 0.02:
            centre = (x, y, 0.8)
            solids.append(Flash(centre, 3.5 * size + 1, 1.6 * glow, (255, 235, 200), self.name))
        grown = smooth(since / 0.35)
        for dx, dy, dz in self._puffs:
            spread = size * (0.3 + 1.1 * grown + 0.12 * since)
            fade = max(0.0, 1 - since / self._lasts)
            centre = (
                x + dx * spread,
                y + 0.4 * dy * spread,
                max(0.2, 0.7 + (0.6 + dz) * spread * 0.8 + 0.25 * since),
            )
            solids.append(
                Smoke(
                    centre,
                    size * (0.5 + 0.8 * grown + 0.06 * since),
                    0.9 * fade * min(1.0, since / 0.15),
                    (self._grey,) * 3,
                    self.name,
                )
            )
        heat = max(0.0, 1 - since / 0.8)
        if heat:
            for dx, dy, _ in self._puffs[:5]:
                foot = (x + dx * size * grown, y + 0.3 * dy * size, 0.0)
                high = size * (0.5 + 1.6 * grown)
                solids.append(
                    Flame(foot, 1.2 * size * grown + 0.2, high, timestamp + dx, heat, self.name)
                )
        for vx, vy, vz in self._bits:
            high = 0.4 + vz * since - 4.9 * since * since
            drag = (1 - exp(-1.5 * since)) / 1.5
            if high < 0.05:
                high, drag = 0.05, (1 - exp(-1.5 * min(since, vz / 4.0))) / 1.5
            solids.append(
                Ball(
                    (x + vx * drag, y + vy * drag, high),
                    0.06 * (0.6 + size),
                    (40, 36, 32),
                    self.name,
                )
            )
        return solids
