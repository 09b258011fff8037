"""Reads modules and classes as they lie in memory: no `__getattr__`, property or metaclass of theirs is called.

`find` is the exception, and says so: it looks up a name as pickle does.
"""

from __future__ import annotations

import sys
import types
from types import BuiltinFunctionType, ModuleType
from typing import Any, Callable, Optional

#: A module's name and the path in it: `("ext.sub", "K.method")`.
Path = tuple[str, str]

_module_dict: Callable[[object], dict[Any, object]] = vars(ModuleType)["__dict__"].__get__
_class_dict: Callable[[object], Any] = vars(type)["__dict__"].__get__
_class_order: Callable[[object], tuple[type, ...]] = vars(type)["__mro__"].__get__
_class_module: Callable[[object], object] = vars(type)["__module__"].__get__
_class_qualname: Callable[[object], str] = vars(type)["__qualname__"].__get__
_class_name: Callable[[object], str] = vars(type)["__name__"].__get__
_class_flags: Callable[[object], int] = vars(type)["__flags__"].__get__

#: `Py_TPFLAGS_BASETYPE`, which every class has that a `class` statement made.
_BASETYPE = 1 << 10

#: What a look-up gives that finds nothing.
MISSING: Any = type("Missing", (), {"__slots__": (), "__repr__": lambda self: "MISSING"})()


def is_module(value: object) -> bool:
    """Tells a module by its real class."""
    return issubclass(type(value), ModuleType)


def is_class(value: object) -> bool:
    """Tells a class by its real metaclass."""
    return issubclass(type(value), type)


def is_put_off(module: object) -> bool:
    """Tells a module of `importlib.util.LazyLoader` that nobody has used yet: nothing is in it."""
    util = sys.modules.get("importlib.util")
    return is_module(util) and type(module) is attribute(util, "_LazyModule")


def put_off(value: object) -> Optional[str]:
    """The full name of what Python 3.15 imports when it is used, of what hasn't been used yet."""
    if type(value) is not getattr(types, "LazyImportType", MISSING):
        return None
    # As in `<lazy_import 'package.module.name'>`.
    return repr(value).partition("'")[2].rpartition("'")[0]


def attributes(module: object) -> dict[str, object]:
    """Copies what lies in a module."""
    return {name: value for name, value in _module_dict(module).copy().items() if type(name) is str}


def attribute(module: object, name: str) -> Any:
    """Reads what lies in a module under a name, or `MISSING`; so too where another key's `__eq__` gets in the way."""
    try:
        return _module_dict(module).get(name, MISSING)
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return MISSING


def members(cls: object) -> dict[str, object]:
    """Copies what lies in a class, without its bases."""
    return {name: value for name, value in _class_dict(cls).copy().items() if type(name) is str}


def order(cls: object) -> tuple[type, ...]:
    """The classes in which a class's attributes are looked for, itself first."""
    return _class_order(cls)


def claim(cls: object) -> tuple[object, str]:
    """Which module and path a class says it has."""
    # A class without a `__module__` raises AttributeError.
    try:
        return _class_module(cls), _class_qualname(cls)
    except AttributeError:
        return None, _class_qualname(cls)


def name(value: Any, what: str) -> object:
    """What a module, a class or a native function has as one of its names."""
    if is_module(value):
        return attribute(value, what)
    if is_class(value):
        return claim(value)[what == "__qualname__"]
    return said(value, what)


def set_name(value: Any, what: str, new: object) -> bool:
    """Sets one of its names, past a `__setattr__`; tells whether that can be done. `MISSING` takes it away."""
    try:
        if is_module(value):
            if new is MISSING:
                del _module_dict(value)[what]
            else:
                _module_dict(value)[what] = new
        elif is_class(value):
            type.__setattr__(value, what, new)
        else:
            setattr(value, what, new)
    except (AttributeError, KeyError, TypeError):
        return False
    return True


def full_name(cls: type) -> str:
    """A class's full name for messages."""
    module = claim(cls)[0]
    return class_name(cls) if type(module) is not str or module == "builtins" else f"{module}.{class_name(cls)}"


def native_name(cls: type) -> Optional[tuple[str, str]]:
    """The module and name of a class that no `class` statement can have made, by which the types of binders are known."""
    module = claim(cls)[0]
    return None if _class_flags(cls) & _BASETYPE or type(module) is not str else (module, _class_name(cls))


def class_name(cls: type) -> str:
    """A class's name for messages."""
    return _class_name(cls)


def statically(cls: type, name: str) -> Any:
    """What a class or its bases have under a name, as it lies there, or `MISSING`."""
    for base in order(cls):
        found = _class_dict(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def find(module: object, path: str) -> Any:
    """Looks up a path in a module as pickle does, or gives `MISSING`.

    The module's `__getattr__` isn't asked; the classes on the way are, as pickle asks them. What they raise is nothing found,
    unless it says that memory or the stack has run out.
    """
    first, *rest = path.split(".")
    if not is_module(module) or attribute(module, first) is MISSING:
        return MISSING
    found: object = module
    for part in (first, *rest):
        try:
            found = getattr(found, part)
        except (MemoryError, RecursionError):
            raise
        except Exception:
            return MISSING
    return found


def leads_to(path: tuple[object, object], value: object) -> bool:
    """Tells whether a path in an imported module gives this very object."""
    module, name = path
    if type(module) is not str or type(name) is not str:
        return False
    return find(sys.modules.get(module), name) is value


def said(function: object, name: str) -> Any:
    """What a native function says of itself, or `MISSING`."""
    try:
        return getattr(function, name, MISSING)
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return MISSING


def same(name: object, other: object) -> bool:
    """Compares names: only real texts are compared, because others may do anything meanwhile."""
    return type(name) is str and type(other) is str and name == other


def is_builtin(value: object) -> bool:
    """Tells a function that is a `PyMethodDef` and its `self`."""
    return type(value) is BuiltinFunctionType
