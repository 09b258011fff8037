"""A whole environment: the classes of `interbind.doctor`.

Made from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

from .facts import Claim, Confidence, FrameworkKind, Gil, Interpreters, Libc, Os, Part, Problem

__all__ = [
    "Apart",
    "Bridge",
    "DifferingPart",
    "Distribution",
    "DistributionKind",
    "Environment",
    "Finding",
    "Group",
    "HostPython",
    "How",
    "Level",
    "Member",
    "NoRegistry",
    "Obstacle",
    "Picklable",
    "Pickles",
]


@dataclass(frozen=True)
class DifferingPart:
    """A part in which two keys differ."""

    name: str
    """Its name."""

    a: str
    """The first group's."""

    b: str
    """The second group's."""


@dataclass(frozen=True)
class Apart:
    """Two groups of one framework that don't share. Each group is set against the larger one that it differs least from."""

    a: int
    """The larger group."""

    b: int
    """The smaller one."""

    parts: Tuple[DifferingPart, ...]
    """What differs."""

    confidence: Confidence
    """Whether it is proved that they don't share: both keys are known to the last part."""


@dataclass(frozen=True)
class Bridge:
    """Groups whose modules pass objects through pybind11's conduit, though their internals differ."""

    platform: str
    """The platform text that both sides compare."""

    groups: Tuple[int, ...]
    """The groups."""


DistributionKind = Literal[
    "wheel",  # From a wheel, with a list of its files.
    "editable",  # Under development: its files are elsewhere.
    "egg",  # By an old installer, without a list that we read.
    "not-installed",  # A wheel that isn't installed, but looked into.
]
"""How something is installed."""


@dataclass(frozen=True)
class Distribution:
    """A distribution."""

    name: str
    """Its name, normalised: lower case, `-` between words."""

    version: str
    """Its version."""

    kind: DistributionKind
    """How it is installed."""

    place: str
    """Where it is installed; for an editable one, where its project is."""

    requires: Tuple[str, ...] = ()
    """The distributions it asks for, normalised; extras left out."""


How = Literal[
    "files",  # From its files.
    "asked",  # It was run and asked.
    "assumed",  # From what most of the modules are built for: there was no Python to look at.
]
"""How it is known."""


@dataclass(frozen=True)
class HostPython:
    """The Python that is to load the modules."""

    how: How
    """How it is known."""

    implementation: Claim[str]
    """`cpython`, `pypy`, `graalpy`."""

    version: Claim[str]
    """Major and minor: `3.12`."""

    free_threaded: Claim[bool]
    """Whether it is a free-threaded build."""

    debug: Claim[bool]
    """Whether it is a debug build."""

    os: Claim[Os]
    """Its system."""

    arch: Claim[str]
    """Its processor, by the name Linux wheels use."""

    libc: Claim[Libc]
    """Its C library; the floor is the release it runs on."""

    site_packages: Tuple[str, ...]
    """The folders from which it imports what is installed."""

    executable: Optional[str] = None
    """Its executable, or the folder it was found by."""

    full_version: Optional[str] = None
    """With the rest: `3.12.1`."""


@dataclass(frozen=True)
class Obstacle:
    """What keeps a Python from loading a module."""

    reason: str
    """Its kind: `system`, `processor`, `libc`, `implementation`, `gil-build`, `python-version`, `debug-build`, `stable-abi`."""

    module: str
    """What the module is for."""

    python: str
    """What the Python is."""


@dataclass(frozen=True)
class Member:
    """A module's place in the environment. Members stand in the order of the inspection's modules."""

    label: str
    """The name it is imported by, or its file's."""

    path: str
    """Its file; for a member of an archive, the archive, `!` and the member."""

    extension: bool
    """Whether it is an extension module: the others came along with one."""

    frameworks: Tuple[FrameworkKind, ...]
    """Its frameworks."""

    distributions: Tuple[int, ...] = ()
    """The distributions that brought it: indices; more than one is a finding."""

    owner: Optional[str] = None
    """The name of the first of them."""

    obstacle: Optional[Obstacle] = None
    """What keeps this Python from loading it."""

    gil: Optional[Gil] = None
    """What it says of the GIL, where that is known."""

    interpreters: Optional[Interpreters] = None
    """What it says of sub-interpreters, where that is known."""


@dataclass(frozen=True)
class Group:
    """Modules that share types with each other."""

    framework: FrameworkKind
    """The framework."""

    key: str
    """The key they have in common, as the framework writes it."""

    parts: Tuple[Part, ...]
    """The key's parts; nanobind's domain is one of them where it is known."""

    confidence: Confidence
    """How sure it is that each shares with each."""

    modules: Tuple[int, ...]
    """The modules: indices into the environment's."""

    why: Optional[str] = None
    """Why it is no surer."""

    conduit: Tuple[int, ...] = ()
    """Those of them that answer through pybind11's conduit."""


@dataclass(frozen=True)
class NoRegistry:
    """Modules of a framework that has no registry across modules."""

    framework: FrameworkKind
    """The framework."""

    modules: Tuple[int, ...]
    """The modules: indices."""


Picklable = Literal[
    "yes",  # It can.
    "with-module-name",  # It can where its class names its module.
    "no",  # It can't.
    "unknown",  # Nothing is known.
]
"""Whether something can be pickled."""


@dataclass(frozen=True)
class Pickles:
    """What holds for the functions of some modules."""

    framework: FrameworkKind
    """Their framework."""

    functions: Picklable
    """Functions of the module."""

    methods: Picklable
    """Methods, taken from the class."""

    why: str
    """What one sees, or has to do."""

    modules: Tuple[int, ...]
    """The modules: indices into the environment's."""


Level = Literal[
    "note",  # Good to know; no finding by the exit code.
    "warning",  # Something doesn't work together, visibly.
    "error",  # Something can't be loaded, or goes wrong silently.
]
"""How much harm a finding does; the worst comes last, so that findings sort."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what mends it."""

    rule: str
    """The kind's slug, which is also its anchor in the documentation: `isolated-internals`, `not-loadable`, …"""

    level: Level
    """How bad it is."""

    message: str
    """One sentence."""

    files: Tuple[str, ...]
    """The files it is about, the first being where an annotation goes."""

    details: Tuple[str, ...] = ()
    """Details, a line each."""

    fix: Optional[str] = None
    """The command or setting that mends it."""


@dataclass(frozen=True)
class Environment:
    """All modules of a Python."""

    schema: str
    """The schema's name and version: `interbind-doctor/1`."""

    places: Tuple[str, ...]
    """The folders or files that were read."""

    distributions: Tuple[Distribution, ...]
    """What is installed."""

    modules: Tuple[Member, ...]
    """The modules, in the order of the inspection."""

    groups: Tuple[Group, ...]
    """The groups that share, by framework, the largest first."""

    apart: Tuple[Apart, ...]
    """Where sharing ends: each group against the larger one that it differs least from."""

    bridges: Tuple[Bridge, ...]
    """Where a conduit goes on."""

    no_registry: Tuple[NoRegistry, ...]
    """The frameworks without a registry: their modules share no types by themselves."""

    pickles: Tuple[Pickles, ...]
    """What pickling does."""

    problems: Tuple[Problem, ...]
    """What was not read, or isn't as it should be."""

    findings: Tuple[Finding, ...]
    """What is wrong, the most harmful first."""

    python: Optional[HostPython] = None
    """The Python; assumed where none was looked at."""
