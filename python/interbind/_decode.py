"""From JSON to the frozen dataclasses of this package, by their own annotations."""

from __future__ import annotations

import dataclasses
import sys
from functools import lru_cache
from typing import Any, Callable, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decoder = Callable[[Any], Any]


def decode(kind: type[T], data: object) -> T:
    """Build an object of a class from what JSON says of it. Fields that a newer release added are left out."""
    asked: Any = kind
    built: T = _decoder(asked)(data)
    return built


def _same(data: object) -> object:
    return data


@lru_cache(maxsize=None)
def _decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal or kind in (str, int, bool, float):
        return _same
    if origin is Union:
        (one,) = (argument for argument in arguments if argument is not type(None))
        inner = _decoder(one)
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        item = _decoder(arguments[0])
        return lambda data: tuple(map(item, data))
    if isinstance(origin or kind, type) and dataclasses.is_dataclass(origin or kind):
        return _class(origin or kind, arguments)
    # A mapping: names and texts.
    value = _decoder(arguments[1])
    return lambda data: {name: value(one) for name, one in data.items()}


def _class(kind: Any, arguments: tuple[Any, ...]) -> Decoder:
    hints = get_type_hints(kind, vars(sys.modules[kind.__module__]))
    stands_for = dict(zip(getattr(kind, "__parameters__", ()), arguments))
    names = [field.name for field in dataclasses.fields(kind)]
    # A name that is a word of Python's has an underscore behind it here; JSON writes `-` where Python can't.
    keys = {name.rstrip("_"): name for name in names}
    decoders: dict[str, Decoder] | None = None

    def build(data: dict[str, Any]) -> Any:
        nonlocal decoders
        # Not before the first object: classes may lead back to themselves. Other threads see all of it or nothing.
        if decoders is None:
            decoders = {name: _decoder(_filled(hints[name], stands_for)) for name in names}
        known = ((keys.get(key.replace("-", "_")), value) for key, value in data.items())
        return kind(**{name: decoders[name](value) for name, value in known if name is not None})

    return build


def _filled(hint: Any, stands_for: dict[Any, Any]) -> Any:
    """An annotation with what its type variables stand for."""
    if hint in stands_for:
        return stands_for[hint]
    parameters = getattr(hint, "__parameters__", ())
    if not parameters:
        return hint
    return hint[tuple(stands_for.get(parameter, parameter) for parameter in parameters)]
