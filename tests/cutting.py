"""A line to a server that breaks: forwards connections on loopback, and cuts those that a test names."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

PIECE: Final = 4096
FOREVER: Final = 2**62


@dataclass
class Line:
    """The line, and what went over it.

    Attributes
    ----------
    port : int
        Where it listens.
    requests, answers : list of int
        For each coming connection: bytes that are let through before it is cut; no limit when used up.
    heard : bytearray
        Everything that was asked.
    cuts : int
        Connections that were cut.
    """

    port: int
    requests: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    cuts: int = 0


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """Open a line to a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        line = Line(door.getsockname()[1])
        threading.Thread(target=_serve, args=(door, line, port), daemon=True).start()
        yield line
        with suppress(OSError):  # wakes accept, which closing alone does not
            door.shutdown(socket.SHUT_RDWR)


def _serve(door: socket.socket, line: Line, port: int) -> None:
    with suppress(OSError):
        while True:
            caller, _ = door.accept()
            try:
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                caller.close()
                raise
            limits = [one.pop(0) if one else FOREVER for one in (line.requests, line.answers)]
            ways = ((caller, server, limits[0], line.heard), (server, caller, limits[1], None))
            for way in ways:
                threading.Thread(target=_pump, args=(line, *way), daemon=True).start()


def _pump(line: Line, source: socket.socket, target: socket.socket, left: int, heard: bytearray | None) -> None:
    with suppress(OSError):
        while left > 0 and (piece := source.recv(min(PIECE, left))):
            left -= len(piece)
            if heard is not None:
                heard += piece
            target.sendall(piece)
        line.cuts += left <= 0
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
