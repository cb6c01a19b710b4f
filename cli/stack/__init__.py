"""Everything on one machine, supervised: the library behind `ccb up` and `ccb demo`."""

from cli.stack.addresses import Addresses
from cli.stack.errors import StackError
from cli.stack.options import StackOptions
from cli.stack.part import NotReady, Part
from cli.stack.serve import serve
from cli.stack.supervisor import PartState, Stack, StackEvent

__all__ = ["Addresses", "NotReady", "Part", "PartState", "Stack", "StackError", "StackEvent", "StackOptions", "serve"]
