"""Whether modules can share: the classes of `interbind.check`.

Made from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

from .facts import FrameworkKind

__all__ = [
    "AlignedKey",
    "AlignedPart",
    "Bridge",
    "Check",
    "Checks",
    "Condition",
    "Group",
    "Loadable",
    "Operation",
    "Verdict",
]


@dataclass(frozen=True)
class AlignedPart:
    """One part of two ids."""

    name: str
    """Its name."""

    a: str
    """The first module's text; empty where its id has no such part."""

    b: str
    """The second module's."""

    same: Optional[bool] = None
    """Whether they are equal; absent: one of them isn't known."""


@dataclass(frozen=True)
class AlignedKey:
    """The ids by which both recognise their like, part beside part."""

    framework: FrameworkKind
    """Whose ids they are."""

    kind: str
    """What kind of id: `internals-key`, `tag`, …"""

    parts: Tuple[AlignedPart, ...]
    """Their parts, in the order of the first."""

    a: Optional[str] = None
    """The first module's, whole."""

    b: Optional[str] = None
    """The second module's, whole."""

    same: Optional[bool] = None
    """Whether they are equal; absent: one of them isn't known."""


@dataclass(frozen=True)
class Bridge:
    """A way round an isolation, which works whatever the keys say."""

    name: str
    """Its name: `pybind11-conduit`, `interbind`, `arrow`, `dlpack`, `buffer`, `pymetabind`."""

    direction: str
    """`a-to-b`, `b-to-a` or `both`."""

    what: str
    """What it takes across, and what it asks for."""


Verdict = Literal[
    "share",  # What one makes, the other understands.
    "isolated",  # Both work, side by side: what one makes is a stranger to the other.
    "never-loaded-together",  # No process can load both.
    "unknown",  # The files don't tell.
]
"""The answer to one question about two modules."""


@dataclass(frozen=True)
class Condition:
    """One condition that a process must meet, as each side sets it."""

    name: str
    """Its name: `implementation`, `python`, `gil`, `debug`, `os`, `arch`, `bits`, `libc`."""

    a: str
    """What the first module asks."""

    b: str
    """What the second module asks."""

    met: Optional[bool] = None
    """Whether one process can meet both; absent: the files don't tell."""

    why: Optional[str] = None
    """Why it can't, or why that isn't known."""


@dataclass(frozen=True)
class Loadable:
    """Whether one process can load both."""

    conditions: Tuple[Condition, ...]
    """Every condition, in the order a reader asks for them."""

    possible: Optional[bool] = None
    """Whether; absent: the files don't tell."""


@dataclass(frozen=True)
class Operation:
    """What one might want to do across two modules, and whether it works."""

    name: str
    """Its name: `same-internals`, `exceptions`, `inheritance`, `conduit-a-to-b`, `conduit-b-to-a`, `interbind-a-to-b`, `interbind-b-to-a`, `c-api-a-to-b`, `c-api-b-to-a`."""

    framework: FrameworkKind
    """The framework it is about."""

    verdict: Verdict
    """Whether it works."""

    why: str
    """Why, in one sentence."""


@dataclass(frozen=True)
class Check:
    """Whether two modules can share, and all that the answer rests on."""

    a: str
    """The first module, as the user would name it."""

    b: str
    """The second."""

    verdict: Verdict
    """The answer."""

    sentence: str
    """The answer in one sentence, opening with the verdict."""

    loadable: Loadable
    """Whether one process can load both: asked before anything else."""

    operations: Tuple[Operation, ...]
    """What works across; empty when no process can load both."""

    keys: Tuple[AlignedKey, ...]
    """The ids of each framework that both have."""

    bridges: Tuple[Bridge, ...]
    """Ways round."""

    fix: Optional[str] = None
    """The command or setting that mends it; absent where nothing is broken or nothing can be said."""


@dataclass(frozen=True)
class Group:
    """Modules that share: each with at least one of the others."""

    members: Tuple[str, ...]
    """The files, in the order they were given."""


@dataclass(frozen=True)
class Checks:
    """What a run of `check` gives."""

    schema: str
    """The schema's name and version: `interbind-check/1`."""

    pairs: Tuple[Check, ...]
    """Every pair, in the order of the modules."""

    groups: Tuple[Group, ...]
    """The groups: a module that shares with nobody for certain is one by itself."""
