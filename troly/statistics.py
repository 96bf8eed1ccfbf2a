"""How sure a share is: what every command that prints a percentage needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `n`, with its 95 % Wilson interval."""

    right: int
    n: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None of nothing."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval; None of nothing."""
        return wilson(self.right, self.n) if self.n else None

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.n + other.n)

    def __str__(self) -> str:
        """For people: "87.5% (7 of 8, 95% 52.9%–97.8%)"."""
        if not self.n:
            return "– (none)"
        low, high = wilson(self.right, self.n)
        return f"{self.right / self.n:.1%} ({self.right} of {self.n}, 95% {low:.1%}–{high:.1%})"

    def to_dict(self) -> dict[str, float | int | None]:
        """JSON: value, right, n, low, high (None where n is 0)."""
        low, high = self.interval or (None, None)
        return {"value": self.value, "right": self.right, "n": self.n, "low": low, "high": high}


def wilson(right: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """The score interval of a share (Wilson, 1927), also good for few records and shares near 0 and 1.

    Raises ValueError unless 0 <= right <= n and n > 0.
    """
    if n <= 0 or not 0 <= right <= n:
        raise ValueError(f"no interval for {right} of {n}")
    share, squared = right / n, z * z
    centre = share + squared / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + squared / (4 * n * n))
    low, high = (centre - spread) / (1 + squared / n), (centre + spread) / (1 + squared / n)
    # At the edges the formula is exact; the last digit of a float is not.
    return (0.0 if right == 0 else low, 1.0 if right == n else high)
