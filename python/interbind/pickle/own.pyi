import pickle
from collections.abc import Callable
from pickle import PickleBuffer, PickleError, PicklingError, Unpickler, UnpicklingError, load, loads
from types import ModuleType
from typing import Any, Iterable, Literal, Mapping, Optional, Protocol, Union

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

DEFAULT_PROTOCOL: int
HIGHEST_PROTOCOL: int

class _Writable(Protocol):
    def write(self, piece: bytes, /) -> object: ...

_Rule = Union[ModuleType, str, Callable[[str], object]]

class Pickler(pickle.Pickler):
    def __init__(
        self,
        file: _Writable,
        protocol: Optional[int] = None,
        fix_imports: bool = True,
        buffer_callback: Optional[Callable[[PickleBuffer], object]] = None,
        *,
        portable: Union[bool, Literal["source"], None] = None,
        deterministic: Optional[bool] = None,
        identity: Optional[Literal["tracked", "content"]] = ...,
        positions: Literal["keep", "strip"] = "keep",
        by_value: Union[_Rule, Iterable[_Rule], None] = None,
        locks: Optional[Literal["recreate"]] = None,
        engine: Literal["own"] = "own",
    ) -> None: ...

def dump(
    obj: object,
    file: _Writable,
    protocol: Optional[int] = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Optional[Callable[[PickleBuffer], object]] = None,
    portable: Union[bool, Literal["source"], None] = None,
    deterministic: Optional[bool] = None,
    identity: Optional[Literal["tracked", "content"]] = ...,
    positions: Literal["keep", "strip"] = "keep",
    by_value: Union[_Rule, Iterable[_Rule], None] = None,
    locks: Optional[Literal["recreate"]] = None,
    engine: Literal["own"] = "own",
) -> None: ...
def dumps(
    obj: object,
    protocol: Optional[int] = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Optional[Callable[[PickleBuffer], object]] = None,
    portable: Union[bool, Literal["source"], None] = None,
    deterministic: Optional[bool] = None,
    identity: Optional[Literal["tracked", "content"]] = ...,
    positions: Literal["keep", "strip"] = "keep",
    by_value: Union[_Rule, Iterable[_Rule], None] = None,
    locks: Optional[Literal["recreate"]] = None,
    engine: Literal["own"] = "own",
) -> bytes: ...
def digest(
    obj: object,
    algorithm: str = "sha256",
    *,
    sort_keys: bool = False,
    positions: Literal["keep", "strip"] = "keep",
    code: Literal["reference", "project"] = "reference",
    normalize: Optional[Mapping[type, Callable[[Any], object]]] = None,
    by_value: Union[_Rule, Iterable[_Rule], None] = None,
    locks: Optional[Literal["recreate"]] = None,
) -> str: ...
def register_class_hook(
    base: type,
    hook: Optional[Callable[[type], tuple[dict[str, object], Iterable[Callable[[type], object]]]]],
) -> None: ...
