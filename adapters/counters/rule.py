"""What both kinds of bucket refuse, and how they count."""

import math

from domain.errors import InvalidInput
from domain.rates import Level


def checked(capacity: int, per_second: float, amount: int) -> None:
    """Raises InvalidInput for what could never be taken, or would fill the bucket."""
    if per_second <= 0 or not 0 < amount <= capacity:
        raise InvalidInput(f"{amount} can never be taken from a bucket of {capacity} that gains {per_second} a second.")


def level(wait: float, full_in: float, capacity: int, per_second: float) -> Level:
    """What is left in a bucket that is full in `full_in` seconds."""
    # A bucket that is full up to a millionth of a token is full: times are whole microseconds.
    remaining = math.floor(capacity - full_in * per_second + 1e-6)
    return Level(wait=wait, remaining=max(0, remaining), full_in=full_in)
