"""Ports: free ones chosen, busy ones named before anything starts."""

import contextlib
import errno
import random
import socket
from collections.abc import Mapping
from contextlib import ExitStack

import psutil

from cli.stack.errors import StackRefused

HOST = "127.0.0.1"
_RANGE = (15_000, 32_000)


def chosen(wanted: Mapping[str, int]) -> dict[str, int]:
    """A port for each name: the one wanted, or a free one for 0. All are held until all are found, so they differ.

    Raises StackRefused for a port that somebody listens on.
    """
    found: dict[str, int] = {}
    with ExitStack() as held:
        # Those that are wanted come first, so that none of them is taken as a free one.
        for name, port in sorted(wanted.items(), key=lambda entry: entry[1] == 0):
            if port in found.values():
                raise StackRefused(f"Port {port} is asked for twice, by {_option(name)} as well: choose another.")
            if port:
                try:
                    held.enter_context(_held(port))
                except OSError as error:
                    raise _refusal(name, port, error) from error
            found[name] = port or _free(held)
    return {name: found[name] for name in wanted}


def _held(port: int) -> socket.socket:
    probe = socket.socket()
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is only closing is not in the way
        probe.bind((HOST, port))
        probe.listen()
    except OSError:
        probe.close()
        raise
    return probe


def _free(held: ExitStack) -> int:
    """A free port below those that the system gives out by itself, lest somebody gets it before our part listens."""
    for _ in range(1000):
        port = random.randint(*_RANGE)  # noqa: S311  # not a secret
        with contextlib.suppress(OSError):
            held.enter_context(_held(port))
            return port
    raise StackRefused(f"There is no free port between {_RANGE[0]} and {_RANGE[1]}.")


def _refusal(name: str, port: int, error: OSError) -> StackRefused:
    change = f"choose another with {_option(name)} or CCB_{name.upper()} (0 takes any free one)"
    if error.errno == errno.EADDRINUSE:
        return StackRefused(f"Port {port} is taken{_by_whom(port)}: end that, or {change}.")
    return StackRefused(f"Port {port} cannot be used ({error.strerror}): {change}.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("inet"):
            local = connection.laddr
            if connection.status == psutil.CONN_LISTEN and local and local.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:  # another user's process, or one that has just ended
        return ""
    return ""
