import pickle
from collections.abc import Callable
from pickle import PickleBuffer, PickleError, PicklingError, Unpickler, UnpicklingError, load, loads
from typing import Optional, Protocol

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "PickleBuffer",
    "PickleError",
    "Pickler",
    "PicklingError",
    "Unpickler",
    "UnpicklingError",
    "dump",
    "dumps",
    "load",
    "loads",
]

DEFAULT_PROTOCOL: int
HIGHEST_PROTOCOL: int

class _Writable(Protocol):
    def write(self, piece: bytes, /) -> object: ...

class Pickler(pickle.Pickler): ...

def dump(
    obj: object,
    file: _Writable,
    protocol: Optional[int] = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Optional[Callable[[PickleBuffer], object]] = None,
) -> None: ...
def dumps(
    obj: object,
    protocol: Optional[int] = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Optional[Callable[[PickleBuffer], object]] = None,
) -> bytes: ...
