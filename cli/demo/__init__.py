"""`ccb demo`: the main job, whole, on this machine."""

from cli.demo.command import demo

__all__ = ["demo"]
