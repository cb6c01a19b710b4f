"""Tests that grew weaker, and code that knows its tests."""

from adapters.validation.weakening.validator import Weakening

__all__ = ["Weakening"]
