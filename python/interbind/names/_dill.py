"""What dill has to be taught apart: it saves functions that are a `PyMethodDef` by a table of its own, before it asks
`copyreg`. It is taught when it has been imported."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType
from typing import Any

from . import _held, _read
from ._kinds import path_of
from ._report import Change, Undo

#: What dill's table had before.
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
        if table.get(BuiltinFunctionType) is not _save:
            return False
        table[BuiltinFunctionType] = _before[0]
        return True

    with _held.lock:
        found = table.get(BuiltinFunctionType)
        if found is _save:
            _held.need(undo, root, "dill")
        elif found is not None:
            _held.change(undo, root, "dill", Change("builtin_function_or_method", "dill", None, _save), back)
            _before[:] = [found]
            table[BuiltinFunctionType] = _save


def _table() -> Any:
    dill = sys.modules.get("dill")
    pickler = _read.attribute(dill, "Pickler") if _read.is_module(dill) else None
    table = _read.members(pickler).get("dispatch") if _read.is_class(pickler) else None
    return table if isinstance(table, dict) else None
