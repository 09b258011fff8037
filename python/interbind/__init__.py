"""Share types between Python extensions that were built separately, and say why where they can't.

What an extension in C or C++ needs to be built stands here; the rest is loaded when it is asked for.
"""

import os

# Type checkers know this name; importing `typing` for it would cost more than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import names
    from ._api import check, diff, doctor, explain, inspect

__version__ = "0.1.0"
__all__ = [
    "bridge",
    "check",
    "diff",
    "doctor",
    "explain",
    "get_cmake_dir",
    "get_include",
    "get_pkgconfig_dir",
    "inspect",
    "names",
    "view",
]

_HERE = os.path.dirname(os.path.realpath(__file__))
_LAZY = ("check", "diff", "doctor", "explain", "inspect")


def get_include() -> str:
    """Return the folder to search for `interbind/interbind.h`."""
    return os.path.join(_HERE, "include")


def get_cmake_dir() -> str:
    """Return the folder of the CMake config, for `interbind_DIR`."""
    return os.path.join(_HERE, "cmake")


def get_pkgconfig_dir() -> str:
    """Return the folder of the pkg-config file, for `PKG_CONFIG_PATH`."""
    return os.path.join(_HERE, "pkgconfig")


def bridge(cls: type) -> None:
    """Have functions of modules with pybind11 3.1 take objects of a class of an older pybind11, and of what inherits from it.

    Raises `TypeError` where nobody has declared what the class's data is, or pybind11's own record of it can't be read.
    """
    from ._runtime import _bridge

    _bridge(cls)


def view(obj: object, cls: type) -> object:
    """Return an object of a class of nanobind 3 that refers to the data of another module's object, and keeps that alive.

    Raises `TypeError` where nobody has said that the data is of the class's C++ type, or where it isn't lent so.
    """
    from ._runtime import _view

    return _view(obj, cls)


def __getattr__(name: str) -> object:
    if name == "names":
        import importlib

        # As after `import interbind.names`, which sets the attribute itself.
        return importlib.import_module("interbind.names")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Extensions import this package when they start: dataclasses and typing's machinery are for those who read facts.
    from . import _api

    found: object = getattr(_api, name)
    globals()[name] = found
    return found


def __dir__() -> "list[str]":
    return sorted({*globals(), *_LAZY, "names"})
