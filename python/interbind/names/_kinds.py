"""The types of functions that binders make, told by their names, and how each is pickled by name.

A reducer gives the path as a string: then pickle writes the names of the module and the path, and checks for itself that
they lead to this very object. `copy` gives the object itself.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType
from typing import Any, Callable, Optional

from . import _read
from ._read import MISSING, Path

#: Where functions were found, by their ids. An entry may be older than the object with its id, so the code that takes one looks
#: whether it leads to the object.
paths: dict[int, Path] = {}

#: What the type of pybind11's function records is called, from pybind11 3 on; before, they are capsules.
_RECORD = "pybind11_detail_function_record_"


def path_of(function: object) -> Optional[Path]:
    """Where a function was found, if it is still there."""
    path = paths.get(id(function))
    return path if path is not None and _read.leads_to(path, function) else None


def class_of(path: Path) -> Optional[type]:
    """The class that a path's last name is looked up in, if that pickles by its own name."""
    scope = path[1].rpartition(".")[0]
    found = _read.find(sys.modules.get(path[0]), scope) if scope else MISSING
    return found if _read.is_class(found) and _read.leads_to(_read.claim(found), found) else None


def reduce_function(function: Any) -> Any:
    """Reduces a function that pickle can't write without: nanobind's, Boost.Python's, pybind11's methods.

    As pickle takes the module from the function, one that says another is written as Python writes a method of C: as an
    attribute of its class.
    """
    path = path_of(function)
    if path is not None:
        scope = None if _read.same(_read.said(function, "__module__"), path[0]) else class_of(path)
        return path[1] if scope is None else (getattr, (scope, path[1].rpartition(".")[2]))
    # By what it says of itself. Nothing there is pickle's to say, with the module that was searched.
    for name in ("__qualname__", "__name__"):
        said = _read.said(function, name)
        if type(said) is str:
            return said
    return f"<{_read.class_name(type(function))} without a name>"


def reduce_builtin(function: Any) -> Any:
    """Reduces a function that is a `PyMethodDef` and a record: by its path; all others as they reduce themselves."""
    path = path_of(function)
    if path is not None and _read.same(path[0], function.__module__):
        return path[1]
    known = paths.get(id(function))
    if known is not None and path is None and _is_of(function, known):
        # It was there: pickle looks, and says that another object is there now. The binder's own way would load that one.
        return known[1]
    return function.__reduce__()


def _is_of(function: Any, path: Path) -> bool:
    """Tells whether a function of pybind11 says that it is the one at a path."""
    if _record(type(function.__self__)) is None or not _read.same(path[0], function.__module__):
        return False
    return _read.same(function.__name__, path[1].rpartition(".")[2])


def reduce_bound(method: Any) -> "tuple[Callable[..., object], tuple[object, str]]":
    """Reduces nanobind's bound method as Python's: to a look-up in the instance. It must find the same method there."""
    from pickle import PicklingError

    function, owner = method.__func__, method.__self__
    path = path_of(function)
    name = _read.said(function, "__name__") if path is None else path[1].rpartition(".")[2]
    found = _read.statically(type(owner), name) if type(name) is str else MISSING
    if found is function:
        # The instance may have something of its own there.
        found = _read.said(owner, name)
        found = found.__func__ if type(found) is type(method) and found.__self__ is owner else found
    if found is not function:
        shown = f"'{_read.class_name(type(owner))}.{name}'"
        what = "isn't there" if found is MISSING else "is another object"
        raise PicklingError(f"can't pickle a bound method of {function!r}: {shown} {what}")
    return getattr, (owner, name)


def reduce_record(record: Any) -> "tuple[Callable[..., object], tuple[object, ...]]":
    """Reduces a record of pybind11 to the class or module that its function hangs on, for picklers that write the record of
    a function and its name."""
    from importlib import import_module
    from operator import attrgetter

    path = paths.get(id(record))
    if path is not None:
        module, name = path
        found = _read.find(sys.modules.get(module), name)
        if _read.is_builtin(found) and found.__self__ is record:
            scope = name.rpartition(".")[0]
            return (attrgetter(scope), (_Imported(module),)) if scope else (import_module, (module,))
    return record.__reduce_ex__(2)  # type: ignore[no-any-return]


class _Imported:
    """A module that is pickled as its import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> "tuple[Callable[..., object], tuple[str]]":
        from importlib import import_module

        return import_module, (self._name,)


#: Types that copyreg has to know, with their reducers.
Teach = tuple[tuple[type, Callable[[Any], Any]], ...]

#: How functions of these types are reduced.
_FUNCTIONS = {
    ("nanobind", "nb_func"): reduce_function,
    ("nanobind", "nb_method"): reduce_function,
    ("Boost.Python", "function"): reduce_function,
    ("builtins", "instancemethod"): reduce_function,
}

#: Functions of these types become methods of another type when they are bound.
_BINDS = {("nanobind", "nb_method"): ("nanobind", "nb_bound_method")}


class Kind:
    """How a function is pickled."""

    __slots__ = ("teach", "movable", "inner")

    def __init__(
        self, teach: Teach, movable: bool = False, inner: object = MISSING
    ) -> None:
        self.teach = teach
        #: Whether its `__module__` can be set.
        self.movable = movable
        #: A function inside, found under `__func__`, which picklers write for a bound method.
        self.inner = inner


def kind_of(value: Any) -> Optional[Kind]:
    """Says how a function is pickled; nothing for what isn't a function of a binder, nor one of a module."""
    cls = type(value)
    if cls is BuiltinFunctionType:
        owner = value.__self__
        if owner is None or _read.is_module(owner):
            return Kind((), movable=True)
        record = _record(type(owner))
        if record is None:
            return None
        own: Teach = ((type(owner), reduce_record),) if record else ()
        return Kind(((cls, reduce_builtin), *own), movable=True)
    name = _read.native_name(cls)
    reducer = None if name is None else _FUNCTIONS.get(name)
    if name is None or reducer is None or _reduces_itself(cls):
        return None
    if name == ("builtins", "instancemethod"):
        inner = value.__func__
        within = kind_of(inner) or Kind(())
        return Kind(((cls, reducer), *within.teach), movable=within.movable, inner=inner)
    taught: Teach = ((cls, reducer),)
    if name in _BINDS:
        bound = _bound_type(value)
        if bound is not None and _read.native_name(bound) == _BINDS[name] and not _reduces_itself(bound):
            taught += ((bound, reduce_bound),)
    return Kind(taught)


def _record(cls: type) -> Optional[bool]:
    """Tells the `self` of pybind11's functions: a record's type (true), a capsule (false), or neither."""
    name = _read.native_name(cls)
    if name == ("builtins", "PyCapsule") or name == ("types", "CapsuleType"):
        return False
    return True if name is not None and name[1].startswith(_RECORD) else None


def _reduces_itself(cls: type) -> bool:
    """Tells a type whose binder has learned to pickle: it is left to it."""
    own = _read.members(cls)
    return "__reduce__" in own or "__reduce_ex__" in own


def _bound_type(method: Any) -> Optional[type]:
    """The type that a method becomes when it is bound: to any object, it isn't called."""
    bind = getattr(type(method), "__get__", None)
    try:
        return None if bind is None else type(bind(method, object(), object))
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return None
