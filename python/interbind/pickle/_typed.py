"""How objects of `typing` and `annotationlib` are taken apart: type parameters, aliases, new types and references to come."""

import functools
import operator
import sys

from ._call import Call
from ._options import make as dropin_options
from ._tables import by_name, freeze, reducers


def of_annotationlib(module):
    reducers[module.ForwardRef] = _forward


def _forward(obj, options):
    steps = [Call(setattr, obj, name, _main_name(getattr(obj, name))) for name in _OF_FORWARD if getattr(obj, name, None) is not None]
    space = getattr(obj, "__globals__", None)
    if not steps and space is None and options is not None and options.deterministic is False:
        # As pickle does.
        return NotImplemented
    if space is not None:
        # Of a whole module, the names that it asks for.
        names = compile(obj.__forward_arg__, "<annotation>", "eval").co_names
        steps.append(Call(setattr, obj, "__globals__", {name: space[name] for name in sorted(names) if name in space}))
    arguments = (obj.__forward_arg__,)
    make = type(obj)
    if not obj.__forward_is_argument__ or obj.__forward_is_class__:
        make = functools.partial(make, is_argument=obj.__forward_is_argument__, is_class=obj.__forward_is_class__)
    return (make, arguments, steps, None, None, operator.is_) if steps else (make, arguments)


def _forward_before(obj, options):
    """Reduce a `typing.ForwardRef` of Python 3.13 or older: without what it has evaluated, and the code for that."""
    if options is not None and options.deterministic is False:
        # As pickle does.
        return NotImplemented
    keywords = {}
    if not obj.__forward_is_argument__:
        keywords["is_argument"] = False
    if getattr(obj, "__forward_is_class__", False):
        keywords["is_class"] = True
    module = getattr(obj, "__forward_module__", None)
    if module is not None:
        keywords["module"] = _main_name(module)
    return functools.partial(type(obj), **keywords) if keywords else type(obj), (obj.__forward_arg__,)


def _main_name(module):
    return "__main__" if isinstance(module, str) and module == "__mp_main__" else module


#: What a reference to come knows about where its names are.
_OF_FORWARD = ("__forward_module__", "__owner__", "__cell__", "__extra_names__")


def as_dropin(options):
    """Return options of the drop-in by which the same goes by value."""
    same = dropin_options(by_value="__mp_main__")
    same.rules += options.rules if options is not None else ()
    return same


def parameter(obj, options):
    if by_name(obj, options, obj.__name__):
        return obj.__name__
    from ._parameters import lazy

    kind = type(obj).__name__
    made = lazy(obj, as_dropin(options), {"TypeVarTuple": "*", "ParamSpec": "**"}.get(kind, ""), exact=True)
    if made:
        call, steps = made
        return call.function, call.arguments, steps or None, None, None, *([operator.is_] if steps else ())
    keywords = {}
    if kind != "TypeVarTuple":
        # The constructor of a ParamSpec takes None for a bound; the syntax has none.
        if obj.__bound__ is not None and not (kind == "ParamSpec" and obj.__bound__ is type(None)):
            keywords["bound"] = obj.__bound__
        for name in ("covariant", "contravariant", "infer_variance"):
            if getattr(obj, f"__{name}__", False):
                keywords[name] = True
    has = getattr(obj, "has_default", None)
    if has is not None and has():
        keywords["default"] = obj.__default__
    arguments = (obj.__name__, *getattr(obj, "__constraints__", ()))
    if keywords:
        return functools.partial(type(obj), *arguments, **keywords), ()
    return type(obj), arguments


def _new_type(obj, options):
    name = by_name(obj, options)
    if name:
        return name
    kept = {name: value for name, value in vars(obj).items() if name not in ("__name__", "__qualname__", "__supertype__")}
    # The constructor takes the module from where it is called.
    if kept.get("__module__") == "__mp_main__":
        kept["__module__"] = "__main__"
    return type(obj), (obj.__qualname__, obj.__supertype__), kept


def _alias(obj, options):
    from ._parameters import alias

    if by_name(obj, options, obj.__name__):
        return NotImplemented
    return alias(obj, as_dropin(options))


def of_parameters(module):
    for name in ("TypeVar", "ParamSpec", "TypeVarTuple"):
        if hasattr(module, name):
            reducers[getattr(module, name)] = parameter
    if hasattr(module, "TypeAliasType"):
        reducers[module.TypeAliasType] = _alias


def of_typing(module):
    of_parameters(module)
    if isinstance(module.NewType, type):
        reducers[module.NewType] = _new_type
    if sys.version_info < (3, 14):
        reducers[module.ForwardRef] = _forward_before
        freeze(module.ForwardRef)
    alias = (module.List[int], module.Optional[int], module.Annotated[int, 1], module.Literal[1], module.Callable[[int], int])
    freeze(*map(type, alias), whole=False)
