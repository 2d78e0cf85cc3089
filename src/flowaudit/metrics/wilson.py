"""Wilson's interval of a proportion: honest for small numbers, unlike the one from the textbook."""

from __future__ import annotations

import math

Z95 = 1.959963984540054


def wilson(successes: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of ``successes / n`` (0, 1 where n is 0).

    References
    ----------
    Wilson. Probable inference, the law of succession, and statistical inference. JASA 22 (1927).

    Examples
    --------
    >>> low, high = wilson(0, 400)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.0095)
    """
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
