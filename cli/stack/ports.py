"""Ports: free ones chosen, busy ones named before anything starts."""

import errno
import socket
from collections.abc import Mapping

import psutil

from cli.stack.errors import StackRefused

HOST = "127.0.0.1"


def chosen(wanted: Mapping[str, int]) -> dict[str, int]:
    """A port for each name: the one wanted, or a free one for 0. All are held until all are found, so they differ.

    Raises StackRefused for a port that somebody listens on.
    """
    held: dict[str, socket.socket] = {}
    try:
        # Those that are wanted come first, so that none of them is taken as a free one.
        for name, port in sorted(wanted.items(), key=lambda entry: entry[1] == 0):
            held[name] = socket.socket()
            held[name].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                held[name].bind((HOST, port))
            except OSError as error:
                raise _refusal(name, port, error) from error
        return {name: held[name].getsockname()[1] for name in wanted}
    finally:
        for each in held.values():
            each.close()


def _refusal(name: str, port: int, error: OSError) -> StackRefused:
    option, variable = f"--{name.replace('_', '-')}", f"CCB_{name.upper()}"
    change = f"choose another with {option} or {variable} (0 takes any free one)"
    if error.errno == errno.EADDRINUSE:
        return StackRefused(f"Port {port} is taken{_by_whom(port)}: end that, or {change}.")
    return StackRefused(f"Port {port} cannot be used ({error.strerror}): {change}.")


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("inet"):
            local = connection.laddr
            if connection.status == psutil.CONN_LISTEN and local and local.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:  # another user's process, or one that has just ended
        return ""
    return ""
