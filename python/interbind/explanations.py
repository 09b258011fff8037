"""What a text means: the classes of `interbind.explain`.

Made from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from .facts import FrameworkKind, Versions

__all__ = [
    "Explanation",
    "Given",
    "IdMeaning",
    "Meaning",
    "PartMeaning",
    "Step",
    "Unknown",
    "Written",
]


@dataclass(frozen=True)
class Given:
    """What was given to be explained."""

    bytes: int
    """Its size in bytes."""

    lines: int
    """Its lines."""

    cut: bool = False
    """Whether only its end was read, because it is longer than anybody's log should be."""

    lossy: bool = False
    """Whether some of it was no text."""

    wrapped: bool = False
    """Whether lines had to be joined in the middle of words before a message was found."""


@dataclass(frozen=True)
class Step:
    """What to do or look at next."""

    say: str
    """One sentence."""

    command: Optional[str] = None
    """A command; words in capitals are the user's to fill in."""


@dataclass(frozen=True)
class Written:
    """Whose sources have a message, and in which releases it was looked for and found."""

    in_: str
    """The project."""

    first: str
    """The first release in which it was seen."""

    last: str
    """The last."""

    text: str
    """The piece of the source that says it."""


@dataclass(frozen=True)
class Meaning:
    """A message that is known."""

    rule: str
    """Its slug, which is also its anchor in the documentation."""

    title: str
    """One sentence, without a full stop."""

    text: str
    """The text that was recognised, on one line; long ones are cut."""

    line: int
    """The line it starts on, from 1."""

    times: int
    """How often it stands there, with the same names; beyond 2000 it isn't counted."""

    means: str
    """What happened."""

    causes: Tuple[str, ...]
    """The likely causes, the likeliest first; one, where a file shows it."""

    next: Tuple[Step, ...]
    """What to do or look at next."""

    framework: Optional[FrameworkKind] = None
    """Whose message it is; absent for Python's own, the loader's, and where several write the same."""

    names: Optional[Mapping[str, str]] = None
    """The names in it: `type`, `function`, `module`, `file`, `symbol`, `have`, `want`, …"""

    seen: Tuple[str, ...] = ()
    """What this text itself tells beyond its kind: parts that differ, names that are telling."""

    here: Tuple[str, ...] = ()
    """What this machine shows of it, where that was asked for: the file that the message names was read."""

    sources: Tuple[Written, ...] = ()
    """Which releases write it."""


@dataclass(frozen=True)
class PartMeaning:
    """A part of an id."""

    name: str
    """Its name."""

    value: str
    """Its text in the id."""

    means: str = ""
    """What the value says; empty where nothing is to be said."""


@dataclass(frozen=True)
class IdMeaning:
    """An id that is known."""

    text: str
    """The id."""

    kind: str
    """What it is: `internals-key`, `module-local-key`, `platform-id`, `tag`, `file-suffix`, …"""

    means: str
    """What that kind of id is for."""

    framework: Optional[FrameworkKind] = None
    """Whose it is; absent for Python's own."""

    parts: Tuple[PartMeaning, ...] = ()
    """Its parts, in their order."""

    versions: Optional[Versions] = None
    """The releases that write it."""

    warnings: Tuple[str, ...] = ()
    """What a reader should be warned of."""


@dataclass(frozen=True)
class Unknown:
    """That nothing is known, and what would help."""

    helps: Tuple[Step, ...]
    """What would help."""

    error: Optional[str] = None
    """The last line that looks like an error."""


@dataclass(frozen=True)
class Explanation:
    """What a text means."""

    schema: str
    """The schema's name and version: `interbind-explain/1`."""

    given: Given
    """What was given."""

    meanings: Tuple[Meaning, ...] = ()
    """The messages in it, the most telling first."""

    ids: Tuple[IdMeaning, ...] = ()
    """The ids in it."""

    unknown: Optional[Unknown] = None
    """Present when nothing in it is known."""
