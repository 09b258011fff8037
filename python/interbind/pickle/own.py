"""The writer of `interbind.pickle`, by the names of `pickle`.

Data has the bytes that Python's own pickle gives it, however deep it is; sets come in one order in all processes. Functions and
classes that can't be imported go by value, as opcodes and calls of the standard library alone: what is written here, `pickle.loads`
reads where nothing is installed.
"""

# The names of `pickle`, without importing that and all that it needs.
import sys
from _pickle import (
    PickleBuffer,
    PickleError,
    PicklingError,
    Unpickler,
    UnpicklingError,
    load,
    loads,
)

from ._class_hooks import register_class_hook
from ._digest import digest
from ._load import native
from ._portable import Options as _Options

dump, dumps = native.value_dump, native.value_dumps


class Pickler(native.Pickler):
    """Write objects to a file; functions and classes that can't be imported go by value.

    - `portable=False`: what Python's pickle writes, and its errors; `portable="source"`: code as source.
    - `deterministic=None`: equal input gives equal bytes in every process, from the first function or class by value on, and sets
      come in one order; `True`: from the start, or an error; `False`: as it comes.
    - `identity="tracked"`, `"content"` or `None`: by what a class is known again where it is loaded twice.
    - `positions="strip"`: without the lines that code stands on.
    - `by_value=[module, "prefix.", function]`: what goes by value, for this pickler alone; a function takes a module's name.
    - `locks="recreate"`: locks that nobody holds are made anew.
    """

    def __init__(self, file, protocol=None, fix_imports=True, buffer_callback=None, **options):
        super().__init__(file, protocol, fix_imports, buffer_callback)
        self._choose(_Options(**options) if options else None)


DEFAULT_PROTOCOL, HIGHEST_PROTOCOL = 5 if sys.version_info >= (3, 14) else 4, 5

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "PickleBuffer",
    "PickleError",
    "Pickler",
    "PicklingError",
    "Unpickler",
    "UnpicklingError",
    "digest",
    "dump",
    "dumps",
    "load",
    "loads",
    "register_class_hook",
]
