"""What each event of each case must become, written after the handler's code: never after what logferry says.

A key that a case leaves out is not judged: where reasonable readers differ, as on the level of a line that only says
`[INFO] in brackets`, the fixture asserts nothing."""

from dataclasses import dataclass

# Stands for the id of the case's request.
REQUEST = "REQUEST"
BOTH = ("text", "json")


@dataclass
class Run:
    """One process: a handler, its environment, and for each case the expectations of its events, in their order."""

    name: str
    handler: str
    cases: dict
    package: str = ""  # what wrote the events, if it is not the runtime's client
    format: str = "text"
    framed: bool = True
    options: tuple = ()


class Rest(dict):
    """Holds for all events that follow, also if there are none."""


# A line of standard output or standard error: no client has added anything.
PLAIN = {"request_id": None}
NO_LEVEL = {"request_id": None, "level": None}
FRAMES = Rest(NO_LEVEL)


def line(level, message, /, **more):
    """A record of a logger that adds the request's id."""
    return {"level": level, "request_id": REQUEST, "message": message, **more}


def bare(level, message, /, **more):
    """A record of a logger that knows no request."""
    return {"level": level, "request_id": None, "message": message, **more}


def error(kind, message, /, **more):
    return {"level": "ERROR", "error_type": kind, "error_message": message, **more}


def each(make, *pairs, **more):
    return [make(level, message, **more) for level, message in pairs]
