"""Mutation testing: small faults in the code, which the tests must notice."""

from adapters.validation.mutation.tester import TOOL, Mutants

__all__ = ["TOOL", "Mutants"]
