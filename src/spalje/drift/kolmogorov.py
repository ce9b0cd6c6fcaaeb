"""Kolmogorov's distribution: how far apart two samples of the same thing are by chance."""

from math import exp, inf, sqrt

#: Mean of Kolmogorov's distribution, ``sqrt(pi / 2) * ln 2``; its median is 0.8276.
MEAN = 0.8687
#: Terms of the sum below this change nothing that is shown.
SMALLEST = 1e-17


def survival(x: float) -> float:
    """The chance of a value of at least x: ``2 * sum (-1)**(k - 1) * exp(-2 * k**2 * x**2)``.

    Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione" (1933).

    Example:
        >>> round(survival(1.3581), 4), survival(0.0)
        (0.05, 1.0)
    """
    if x < 0.2:
        return 1.0  # to twelve digits, and the sum no longer converges
    total = 0.0
    for k in range(1, 60):
        term = exp(-2.0 * k * k * x * x)
        if term < SMALLEST:
            break
        total += term if k % 2 else -term
    return min(1.0, max(0.0, 2.0 * total))


def p_value(distance: float, rows: float, other_rows: float) -> float:
    """The chance that two samples of one continuous distribution are at least so far apart.

    Shown for comparison: it takes the rows of a batch as independent, which they are not.

    Args:
        distance: largest difference of the cumulative shares, 0 to 1.
        rows: size of one sample, at least 1.
        other_rows: size of the other, at least 1.

    Example:
        >>> round(p_value(0.043, 2000, 2000), 3)
        0.05
    """
    return survival(distance / unit(rows, other_rows))


def unit(rows: float, other_rows: float) -> float:
    """What distances of shares are in proportion to by chance: ``sqrt(1 / n + 1 / m)``; of none, infinite.

    Example:
        >>> unit(400, 400) < unit(100, 100) < unit(0, 100)
        True
    """
    return sqrt(1.0 / rows + 1.0 / other_rows) if rows and other_rows else inf
