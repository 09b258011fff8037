"""The commands as functions: the same facts as their `--json`, as frozen dataclasses."""

from __future__ import annotations

import json
import os
from typing import Optional, TypeVar, Union

from . import checks, diffs, environments, explanations, facts
from ._decode import decode
from ._runtime import _document

__all__ = ["check", "diff", "doctor", "explain", "inspect"]

T = TypeVar("T")
Path = Union[str, "os.PathLike[str]"]


def inspect(path: Path, *more: Path) -> facts.Inspection:
    """Read binaries, wheels and folders; nothing of them is imported or run.

    Raises `FileNotFoundError` for a path that leads nowhere. What is wrong inside of a file is a problem of the result.
    """
    return _ask(facts.Inspection, "inspect", "--quiet", "--", path, *more)


def check(a: Path, b: Path, *more: Path) -> checks.Checks:
    """Say of each pair whether the modules can share, and what differs where they can't.

    Raises `ValueError` where a path has no extension module.
    """
    return _ask(checks.Checks, "check", "--quiet", "--", a, b, *more)


def doctor(target: Optional[Path] = None) -> environments.Environment:
    """Look at a whole environment: a Python, its folder, or a folder of packages; without one, at the active one."""
    return _ask(environments.Environment, "doctor", "--quiet", "--", *(() if target is None else (target,)))


def explain(text: str) -> explanations.Explanation:
    """Say what an id, an error message or a traceback means."""
    return _ask(explanations.Explanation, "explain", "--", text)


def diff(a: Path, b: Path) -> diffs.Diff:
    """Say what changed between two ids, binaries, wheels or folders."""
    return _ask(diffs.Diff, "diff", "--quiet", "--", a, b)


def _ask(kind: type[T], *words: Path) -> T:
    document = _document(("interbind", *(os.fspath(word) for word in words)))
    return decode(kind, json.loads(document))
