"""Objects of `functools` that cloudpickle can't take apart. Only calls of the standard library are written."""

import functools
import operator
import sys
import weakref
from _pickle import PicklingError

from . import _where
from ._call import Call

#: What `update_wrapper` and the cache itself put into a cached function.
_OWN = ("__wrapped__", "cache_parameters")


def cache(obj, options=None):
    """Reduce a function with an `lru_cache`: an empty cache with the same parameters."""
    if _where.by_name(obj, options) is not None:
        return NotImplemented
    function = obj.__wrapped__
    parameters = obj.cache_parameters()
    decorator = Call(functools.lru_cache, parameters["maxsize"], parameters["typed"])
    copied = getattr(function, "__dict__", {})
    more = {name: value for name, value in vars(obj).items() if name not in _OWN and (name, value) not in copied.items()}
    return (decorator, (function,), more) if more else (decorator, (function,))


def cached_property(obj, options=None):
    """Reduce a `cached_property`, which has a lock before 3.12."""
    state = {name: value for name, value in vars(obj).items() if name not in ("func", "lock")}
    return functools.cached_property, (obj.func,), state


def partialmethod(obj, options=None):
    """Reduce a `partialmethod`, whose own way fails from 3.14."""
    made = functools.partial(functools.partialmethod, obj.func, *obj.args, **obj.keywords)
    return made, ()


def _wrappers():
    code = functools.singledispatch.__code__
    return [constant for constant in code.co_consts if isinstance(constant, type(code)) and constant.co_name == "wrapper"]


def singledispatch(obj, own):
    """Reduce a function with `singledispatch`, or return None: it is another one."""
    registry = own.get("registry")
    if registry is None or not any(obj.__code__ is code for code in _wrappers()):
        return None
    function = registry.get(object)
    if function is None:
        return None
    register = Call(getattr, obj, "register")
    copied = getattr(function, "__dict__", {})
    steps = [Call(register, kind, made) for kind, made in registry.items() if kind is not object]
    for name, value in own.items():
        if name in ("register", "dispatch", "registry", "_clear_cache", "__wrapped__") or (name, value) in copied.items():
            continue
        steps.append(Call(setattr, obj, name, value))
    # Loading the steps does what they say; `is_` then looks at them, and nothing more happens.
    return functools.singledispatch, (function,), steps, None, None, operator.is_


def reference(obj, options=None):
    """Reduce a weak reference: to the copy of what it refers to, which something else in the stream has to keep."""
    target = obj()
    if target is None:
        raise PicklingError("cannot pickle a weak reference whose object is gone")
    # Before 3.11 the class has another name than it is found by.
    return (weakref.ref if sys.version_info >= (3, 11) else Call(getattr, weakref, "ref")), (target,)


def weak_dict(obj, options=None):
    """Reduce a `WeakKeyDictionary` or a `WeakValueDictionary`."""
    return type(obj), (dict(obj.items()),)
