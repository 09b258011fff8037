"""Pickle functions, classes and data: `import interbind.pickle as cloudpickle`.

The names are cloudpickle's, and so are the bytes, for everything that cloudpickle loads right. What is asked for rarely is
imported when it is asked for, and cloudpickle itself when the first function or class goes by value.
"""

# First: it says what is missing, before anything needs it.
from . import _load  # noqa: F401, I001
from _pickle import PickleError, PicklingError, UnpicklingError

from ._loading import Unpickler, load, loads
from ._pickler import (
    DEFAULT_PROTOCOL,
    HIGHEST_PROTOCOL,
    CloudPickler,
    Pickler,
    dump,
    dumps,
)
from ._registry import list_registry_pickle_by_value, register_pickle_by_value, unregister_pickle_by_value

#: The cloudpickle whose names and bytes these are.
__version__ = "3.1.3"

__all__ = [
    "__version__",
    "Pickler",
    "CloudPickler",
    "dumps",
    "loads",
    "dump",
    "load",
    "register_pickle_by_value",
    "unregister_pickle_by_value",
]

_MODULES = frozenset(
    "_answers _by_value _call _class_hooks _config _digest _enums _failure _home _identity _imports _options _parameters _plans _portable"
    " _repairs _source _tables _typed _where _writer_options own".split()
)
_CONFIGURATION = ("CloudPickleConfig", "GetCodeObjectParams", "DEFAULT_CONFIG", "uuid_generator")


def __getattr__(name):
    from importlib import import_module

    if name in ("cloudpickle", "cloudpickle_fast"):
        return import_module("." + name, __name__)
    if name == "digest":
        return import_module("._digest", __name__).digest
    if name in _CONFIGURATION:
        return getattr(import_module("._config", __name__), name)
    # A module of this package that nobody has imported yet: `from . import` asks here first.
    if name.startswith("__") or name in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(".cloudpickle", __name__), name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
