"""What changed: the classes of `interbind.diff`.

Made from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

from .facts import FrameworkKind

__all__ = [
    "Change",
    "Diff",
    "Effect",
    "ModuleDiff",
    "Named",
    "PartChange",
]


@dataclass(frozen=True)
class PartChange:
    """One part of two ids."""

    name: str
    """Its name."""

    before: str
    """Its text in the first; empty where it has no such part."""

    after: str
    """Its text in the second."""

    same: bool
    """Whether they are equal."""


Effect = Literal[
    "breaks-sharing",  # What shared with it doesn't any more.
    "narrows-loading",  # Some interpreter or system that loaded it doesn't any more.
    "unknown",  # It can't be told.
    "noted",  # Worth knowing.
    "widens",  # It is better than before: more share with it, or load it.
]
"""What a change does to those who use a module."""


@dataclass(frozen=True)
class Change:
    """One thing that changed."""

    what: str
    """What: `internals-key`, `tag`, `domain`, `conduit`, `framework`, `version`, `python-floor`, `libc-floor`, `cxx-floor`, `python`, `gil`, `interpreters`, `entry`, `needed`, `type`, …"""

    effect: Effect
    """What it does to those who use the module."""

    why: str
    """The same in one sentence."""

    framework: Optional[FrameworkKind] = None
    """Whose."""

    before: Optional[str] = None
    """What it was; absent: there was none, or it isn't known."""

    after: Optional[str] = None
    """What it is."""

    parts: Tuple[PartChange, ...] = ()
    """An id's parts, side by side."""


@dataclass(frozen=True)
class ModuleDiff:
    """What changed in one module."""

    name: str
    """The name it is imported by; for ids, what they are."""

    before: str
    """The first file, or id."""

    after: str
    """The second."""

    breaking: bool
    """Whether what shared with the first doesn't share with the second."""

    changes: Tuple[Change, ...]
    """What changed, the worst first; nothing: they are equal in all that is compared."""

    target: str = ""
    """What the second is built for."""


@dataclass(frozen=True)
class Named:
    """A module, as one refers to it across releases."""

    name: str
    """The name it is imported by, else its file's."""

    target: str
    """What it is built for: `linux x86_64 glibc, cpython 3.12`."""

    file: str
    """Its file."""


@dataclass(frozen=True)
class Diff:
    """What changed between two releases, files or ids."""

    schema: str
    """The schema's name and version: `interbind-diff/1`."""

    breaking: bool
    """Whether something that shared with the first doesn't share with the second."""

    modules: Tuple[ModuleDiff, ...]
    """The modules that are in both."""

    added: Tuple[Named, ...] = ()
    """Those only the second has."""

    removed: Tuple[Named, ...] = ()
    """Those only the first has."""
