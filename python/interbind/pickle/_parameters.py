"""Type parameters and type aliases.

What the syntax of Python 3.12 makes evaluates its bounds, defaults and values when they are asked for, so that they may mention
what isn't there yet, or what has the parameter. Where they do, a function that has that syntax makes it again.
"""

import functools
import gc
import operator
import sys
import types
import typing

from .. import _pickle as _native
from . import _by_value, _home, _where
from ._call import Call

#: What evaluates a part: an attribute from 3.14; before, the function that the parameter holds has the part's name.
_EVALUATE = {"__bound__": "evaluate_bound", "__constraints__": "evaluate_constraints", "__default__": "evaluate_default"}
#: The names of what a function gets that makes parameters again; the first as the variables of a closure too.
_GIVEN = ("_given_1", "_given_2")
_ARGUMENTS = tuple((name,) for name in _GIVEN)


def _strict(options):
    return options is not None and options.strict


def _tracked(obj, options, made, steps=()):
    # Loaded twice it is one object, as cloudpickle does for classes and TypeVars.
    reduced = _home.find()._lookup_class_or_track, (_by_value.identity(obj, options), made)
    return (*reduced, list(steps), None, None, operator.is_) if steps else reduced


def typevar(obj, options=None):
    """Reduce a `TypeVar`."""
    where = _where.by_name(obj, options, name=obj.__name__)
    if where is not None:
        return getattr, where
    if not _strict(options):
        lazy = _lazy(obj, options, "")
        if lazy is not None:
            return lazy
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
    is_tuple = isinstance(obj, getattr(typing, "TypeVarTuple", ()))
    lazy = _lazy(obj, options, "*" if is_tuple else "**")
    if lazy is not None:
        return lazy
    keywords = {
        name: True
        for name in ("covariant", "contravariant", "infer_variance")
        if getattr(obj, f"__{name}__", False) and not is_tuple
    }
    if getattr(obj, "__bound__", None) is not None:
        keywords["bound"] = obj.__bound__
    made = functools.partial(type(obj), obj.__name__, **keywords, **(_default(obj) or {}))
    return _tracked(obj, options, Call(made))


def _is_lazy(obj, part, options):
    """Tell whether a part can't be written with the object: it mentions it, or can't be evaluated."""
    try:
        value = getattr(obj, part)
    except Exception:
        return True
    return _comes_back(value, obj, options)


def _comes_back(value, obj, options):
    if isinstance(value, type) and _where.by_name(value, options) is not None:
        return False
    return _native.start(options, None).comes_back((value, obj))


def _evaluator(obj, part):
    """Return the function that evaluates a part, or None."""
    function = getattr(obj, _EVALUATE.get(part, "evaluate_value"), None)
    if function is None:
        # The default's function has the parameter's name as the others have: by the order in which the collector sees them.
        found = [held for held in gc.get_referents(obj) if isinstance(held, types.FunctionType)]
        function = (found[-1] if part == "__default__" else found[0]) if found else None
    if not isinstance(function, types.FunctionType):
        return None
    if function.__code__.co_freevars in _ARGUMENTS:
        # Made here once before: around the function that counts.
        within = function.__closure__[0].cell_contents
        return within if isinstance(within, types.FunctionType) else function
    return function


def _part(obj, part, argument):
    """Return source that evaluates a part, what the source's argument is, and steps that fill it later."""
    try:
        value = getattr(obj, part)
    except Exception:
        evaluate = _evaluator(obj, part)
        if evaluate is None:
            raise
        return f"{argument}({'1' if sys.version_info >= (3, 14) else ''})", evaluate, []
    cell = types.CellType()
    return f"{argument}.cell_contents", cell, [Call(setattr, cell, "cell_contents", value)]


def _has(obj, part):
    try:
        return bool(getattr(obj, part, None))
    except Exception:
        return True


def _lazy(obj, options, stars):
    """Reduce a parameter by the syntax, or return None: it wasn't made by it, or needn't be."""
    made = lazy(obj, options, stars)
    return made and _tracked(obj, options, *made)


def lazy(obj, options, stars, exact=False):
    """Return the call that makes a parameter by the syntax and the steps that fill it, or None: it needn't be made so.

    `exact`: nor where the constructor would make a reference to come of a text.
    """
    if sys.version_info < (3, 12) or not getattr(obj, "__infer_variance__", True):
        return None
    parts = []
    if not stars:
        parts += [part for part in ("__bound__", "__constraints__") if _has(obj, part)]
    if getattr(obj, "has_default", bool)():
        parts.append("__default__")
    if not any(_is_lazy(obj, part, options) or exact and part == "__bound__" and isinstance(obj.__bound__, str) for part in parts):
        return None
    source, arguments, steps = stars + obj.__name__, [], []
    for part, argument in zip(parts, _GIVEN):
        text, given, more = _part(obj, part, argument)
        source += {"__bound__": f": ({text})", "__constraints__": f": (*{text},)", "__default__": f" = {text}"}[part]
        arguments.append(given)
        steps += more
    names = ", ".join(_GIVEN[: len(arguments)])
    body = f"    def f[{source}]():\n        pass\n    return f.__type_params__[0]"
    return Call(_function(obj, f"def made({names}):\n{body}"), *arguments), steps


def _function(obj, source):
    namespace = {"__name__": obj.__module__}
    exec(source, namespace)
    made = namespace["made"]
    made.__module__ = None
    return made


def alias(obj, options=None):
    """Reduce what `type Name = …` makes: its value may mention it, so it is filled after it is made."""
    where = _where.by_name(obj, options, name=obj.__name__)
    if where is not None:
        return NotImplemented
    parameters = obj.__type_params__
    if parameters and not _is_lazy(obj, "__value__", options):
        made = functools.partial(typing.TypeAliasType, obj.__name__, obj.__value__, type_params=parameters)
        return made, ()
    text, argument, steps = _part(obj, "__value__", _GIVEN[0])
    name = obj.__name__
    make = _function(obj, f"def made({_GIVEN[0]}):\n    type {name} = {text}\n    return {name}")
    if parameters:
        make.__code__ = _with_parameters(make.__code__, parameters)
    return make, (argument,), *((steps[0], None, None, operator.is_) if steps else ())


def _with_parameters(code, parameters):
    """Return code in which the first `None` is these parameters: where an alias has none, its syntax says so by that."""
    import dis

    loads = (found for found in dis.get_instructions(code) if found.opname.startswith("LOAD_") and found.argval is None)
    place = next(loads).offset
    operations = bytearray(code.co_code)
    operations[place : place + 2] = dis.opmap["LOAD_CONST"], len(code.co_consts)
    return code.replace(co_code=bytes(operations), co_consts=(*code.co_consts, parameters))
