import dataclasses
import pickle
from collections.abc import Callable, Iterable
from pickle import PickleBuffer, PickleError, PicklingError, UnpicklingError
from types import ModuleType
from typing import Any, Literal, Optional, Protocol, Union, overload

from . import cloudpickle as cloudpickle
from . import cloudpickle_fast as cloudpickle_fast
from .own import digest as digest

__version__: str
DEFAULT_PROTOCOL: int
HIGHEST_PROTOCOL: int

class _Writable(Protocol):
    def write(self, piece: bytes, /) -> object: ...

class _Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...
    def readline(self) -> bytes: ...

_Rule = Union[str, ModuleType, Callable[[str], object]]
_Rules = Union[_Rule, Iterable[_Rule]]
_Callback = Optional[Callable[[PickleBuffer], object]]

@dataclasses.dataclass
class GetCodeObjectParams:
    get_code_object_identifier: Optional[Callable[..., Any]]
    get_code_from_identifier: Optional[Callable[..., Any]]

@dataclasses.dataclass
class CloudPickleConfig:
    id_generator: Optional[Callable[..., Any]] = ...
    skip_reset_dynamic_type_state: bool = ...
    filepath_interceptor: Optional[Callable[..., Any]] = ...
    get_code_object_params: Optional[GetCodeObjectParams] = ...
    pickle_main_by_ref: bool = ...

DEFAULT_CONFIG: CloudPickleConfig

def uuid_generator(_: object) -> str: ...

class Pickler(pickle.Pickler):
    def __init__(
        self,
        file: _Writable,
        protocol: Optional[int] = None,
        buffer_callback: _Callback = None,
        *,
        strict: bool = False,
        compat: Optional[str] = None,
        config: Optional[CloudPickleConfig] = None,
        by_value: Optional[_Rules] = None,
    ) -> None: ...

CloudPickler = Pickler

class Unpickler(pickle.Unpickler): ...

@overload
def dump(
    obj: object,
    file: _Writable,
    protocol: Optional[int] = None,
    buffer_callback: _Callback = None,
    *,
    portable: Union[bool, Literal["source"], None] = None,
    deterministic: Optional[bool] = None,
    identity: Optional[Literal["tracked", "content"]] = ...,
    positions: Literal["keep", "strip"] = "keep",
    by_value: Optional[_Rules] = None,
    locks: Optional[Literal["recreate"]] = None,
    engine: Literal["own"] = "own",
) -> None: ...
@overload
def dump(
    obj: object,
    file: _Writable,
    protocol: Optional[int] = None,
    buffer_callback: _Callback = None,
    *,
    strict: bool = False,
    compat: Optional[str] = None,
    config: Optional[CloudPickleConfig] = None,
    by_value: Optional[_Rules] = None,
) -> None: ...
@overload
def dumps(
    obj: object,
    protocol: Optional[int] = None,
    buffer_callback: _Callback = None,
    *,
    fix_imports: bool = True,
    portable: Union[bool, Literal["source"], None] = None,
    deterministic: Optional[bool] = None,
    identity: Optional[Literal["tracked", "content"]] = ...,
    positions: Literal["keep", "strip"] = "keep",
    by_value: Optional[_Rules] = None,
    locks: Optional[Literal["recreate"]] = None,
    engine: Literal["own"] = "own",
) -> bytes: ...
@overload
def dumps(
    obj: object,
    protocol: Optional[int] = None,
    buffer_callback: _Callback = None,
    *,
    strict: bool = False,
    compat: Optional[str] = None,
    config: Optional[CloudPickleConfig] = None,
    by_value: Optional[_Rules] = None,
) -> bytes: ...
def load(
    file: _Readable,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Optional[Iterable[Any]] = (),
) -> Any: ...
def loads(
    data: Any,
    /,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Optional[Iterable[Any]] = (),
) -> Any: ...
def register_pickle_by_value(module: ModuleType) -> None: ...
def unregister_pickle_by_value(module: ModuleType) -> None: ...
def list_registry_pickle_by_value() -> set[str]: ...
