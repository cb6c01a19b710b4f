"""What both kinds of bucket refuse."""

from domain.errors import InvalidInput


def checked(capacity: int, per_second: float, amount: int) -> None:
    """Raises InvalidInput for what could never be taken, or would fill the bucket."""
    if per_second <= 0 or not 0 < amount <= capacity:
        raise InvalidInput(f"{amount} can never be taken from a bucket of {capacity} that gains {per_second} a second.")
