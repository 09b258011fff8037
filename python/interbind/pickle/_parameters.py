"""Type parameters and type aliases."""

import functools
import operator
import types
import typing

from . import _by_value, _home, _where
from ._call import Call


def _strict(options):
    return options is not None and options.strict


def _tracked(obj, options, made):
    # Loaded twice it is one object, as cloudpickle does for classes and TypeVars.
    return _home.find()._lookup_class_or_track, (_by_value.identity(obj, options), made)


def typevar(obj, options=None):
    """Reduce a `TypeVar`."""
    where = _where.by_name(obj, options, name=obj.__name__)
    if where is not None:
        return getattr, where
    default = None if _strict(options) else _default(obj)
    if default is None:
        return _home.find()._make_typevar, (
            obj.__name__,
            obj.__bound__,
            obj.__constraints__,
            obj.__covariant__,
            obj.__contravariant__,
            _by_value.identity(obj, options),
        )
    keywords = {name: True for name in ("covariant", "contravariant", "infer_variance") if getattr(obj, f"__{name}__")}
    if obj.__bound__ is not None:
        keywords["bound"] = obj.__bound__
    made = functools.partial(typing.TypeVar, obj.__name__, *obj.__constraints__, **keywords, **default)
    return _tracked(obj, options, Call(made))


def _default(obj):
    # From 3.13 a parameter can have a default, which cloudpickle forgets.
    has = getattr(obj, "has_default", None)
    return {"default": obj.__default__} if has is not None and has() else None


def parameter(obj, options=None):
    """Reduce a `ParamSpec` or a `TypeVarTuple`: cloudpickle does neither."""
    where = _where.by_name(obj, options, name=obj.__name__)
    if where is not None:
        return getattr, where
    keywords = {
        name: True
        for name in ("covariant", "contravariant", "infer_variance")
        if getattr(obj, f"__{name}__", False) and not isinstance(obj, getattr(typing, "TypeVarTuple", ()))
    }
    if getattr(obj, "__bound__", None) is not None:
        keywords["bound"] = obj.__bound__
    made = functools.partial(type(obj), obj.__name__, **keywords, **(_default(obj) or {}))
    return _tracked(obj, options, Call(made))


def alias(obj, options=None):
    """Reduce what `type Name = …` makes: its value may mention it, so it is filled after it is made."""
    where = _where.by_name(obj, options, name=obj.__name__)
    if where is not None:
        return NotImplemented
    if obj.__type_params__:
        made = functools.partial(typing.TypeAliasType, obj.__name__, obj.__value__, type_params=obj.__type_params__)
        return made, ()
    cell = types.CellType()
    namespace = {"__name__": obj.__module__}
    name = obj.__name__
    exec(f"def made(cell):\n    type {name} = cell.cell_contents\n    return {name}", namespace)
    make = namespace["made"]
    make.__module__ = None
    fill = Call(setattr, cell, "cell_contents", obj.__value__)
    return make, (cell,), fill, None, None, operator.is_
