"""How a figure grows: y ≈ a·n^k, the exponent k by least squares over logarithms. 1 is linear."""

from collections.abc import Sequence
from math import log
from statistics import linear_regression


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """k, to two digits; None with fewer than two sizes, or where a figure is not above 0."""
    usable = [(log(size), log(figure)) for size, figure in points if size > 0 and figure > 0]
    if len({size for size, _ in usable}) < 2:
        return None
    slope, _ = linear_regression([size for size, _ in usable], [figure for _, figure in usable])
    return round(slope, 2)


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """What one more costs, by least squares; None with fewer than two sizes."""
    if len({size for size, _ in points}) < 2:
        return None
    return round(linear_regression([size for size, _ in points], [figure for _, figure in points]).slope, 4)
