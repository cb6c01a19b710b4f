"""The brain of the simulated Claude: what it answers to a request of the Messages API."""

from simulators.claude.brain.replying import reply

__all__ = ["reply"]
