"""What dill has to be taught apart: it saves functions that are a `PyMethodDef` by a table of its own, before it asks
`copyreg`. It is taught when it has been imported."""

from __future__ import annotations

import sys
import threading
from types import BuiltinFunctionType
from typing import Any

from . import _read
from ._kinds import path_of
from ._report import Change, Undo

_lock = threading.RLock()
#: Which modules need it, and what dill's table had before.
_users: set[str] = set()
_before: list[Any] = []


def _save(pickler: Any, function: Any) -> None:
    path = path_of(function)
    if path is not None and _read.same(path[0], function.__module__):
        pickler.save_global(function, path[1])
    else:
        _before[0](pickler, function)


def teach(undo: Undo, root: str) -> None:
    """Teach dill, if it is there and doesn't know."""
    table = _table()
    if table is None:
        return

    def back() -> bool:
        with _lock:
            _users.discard(root)
            if not _users and table.get(BuiltinFunctionType) is _save:
                table[BuiltinFunctionType] = _before[0]
            return True

    with _lock:
        found = table.get(BuiltinFunctionType)
        if found is None or (found is _save and root in _users):
            return
        undo.add(Change("builtin_function_or_method", "dill", None, _save), back)
        _users.add(root)
        if found is not _save:
            _before[:] = [found]
            table[BuiltinFunctionType] = _save


def _table() -> Any:
    dill = sys.modules.get("dill")
    pickler = _read.attribute(dill, "Pickler") if _read.is_module(dill) else None
    table = _read.members(pickler).get("dispatch") if _read.is_class(pickler) else None
    return table if isinstance(table, dict) else None
