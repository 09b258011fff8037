"""Objects of the standard library that cloudpickle can't take apart, or not as they are. Only calls of that library are
written."""

import copyreg
import functools
import gc
import operator
import sys
import types
import weakref
from _pickle import PicklingError

from . import _by_value, _home, _where
from ._call import Call

#: `Py_TPFLAGS_HEAPTYPE`.
_HEAP = 1 << 9
#: What `update_wrapper` copies, beside the function's dict.
_COPIED = ("__module__", "__name__", "__qualname__", "__doc__")


def _changes(own, function, skipped, copied=None):
    """Return what differs in a wrapper's dict from what `update_wrapper` puts there: values by name, and names that are gone."""
    copied = getattr(function, "__dict__", {}) if copied is None else copied
    kept = {}
    for name, value in own.items():
        known = name in copied and copied[name] is value or name == "__wrapped__" and value is function
        if name not in skipped and not known:
            kept[name] = value
    gone = [name for name in copied if name not in own and name not in skipped and name not in _REMEMBERED]
    return kept, gone


#: What a class that was wrapped has remembered since.
_REMEMBERED = ("__annotations__", "__annotations_cache__", "__slotnames__")


def _filled(obj, make, arguments, steps):
    # Loading the steps does what they say; `is_` then looks at them, and nothing more happens.
    return (make, arguments, steps, None, None, operator.is_)


def descriptor(obj, options=None):
    """Reduce a descriptor in C. The class `type` has a `__dict__` too, which hides that of its instances: such a one is taken out of
    the dict of its class. From 3.15, those of a class's dict and weak references say that they are `object`'s, which hasn't them: all
    classes have the same two, so one of the standard library has them."""
    owner, name = obj.__objclass__, obj.__name__
    if options is None or not options.strict:
        if owner is object and name not in object.__dict__:
            owner = types.DynamicClassAttribute
        if getattr(owner, name, None) is not obj and owner.__dict__.get(name) is obj:
            return operator.getitem, (Call(getattr, owner, "__dict__"), name)
    return getattr, (owner, name)


def cache(obj, options=None):
    """Reduce a function with an `lru_cache`: an empty cache with the same parameters."""
    if _where.by_name(obj, options) is not None:
        return NotImplemented
    return cache_made(obj)


def cache_made(obj, copied=None):
    """Reduce it by value. `copied` returns what the loaded wrapper has from its function, if not the function's dict alone."""
    function = _cached(obj)
    parameters = obj.cache_parameters()
    decorator = Call(functools.lru_cache, parameters["maxsize"], parameters["typed"])
    kept, gone = _changes(vars(obj), function, ("cache_parameters",), copied and copied(function))
    if gone:
        steps = [Call(setattr, obj, name, value) for name, value in kept.items()]
        return _filled(obj, decorator, (function,), steps + [Call(delattr, obj, name) for name in gone])
    return (decorator, (function,), kept) if kept else (decorator, (function,))


def _cached(obj):
    """Return the function behind a cache. `__wrapped__` says it, unless somebody has changed that."""
    held, own = gc.get_referents(obj), vars(obj)
    wrapped = own.get("__wrapped__")
    if any(wrapped is part for part in held):
        return wrapped
    # The cache is a dict, and the function is its neighbour; results, which come before both, may be anything.
    beside = 1 if sys.version_info >= (3, 10) else -1
    for place in range(len(held) - 2, 0, -1):
        if type(held[place]) is dict and held[place] is not own:
            return held[place + beside]
    raise PicklingError(f"cannot pickle {obj!r}: its __wrapped__ was changed, and its function isn't found")


def cached_property(obj, options=None):
    """Reduce a `cached_property`, which has a lock before 3.12."""
    state = {name: value for name, value in vars(obj).items() if name not in ("func", "lock")}
    return type(obj), (obj.func,), state


def slot_names(cls):
    """Let Python find what is in the slots of a class that has another name, or other `__slots__`, than it was made with.

    It takes the names from both, and keeps them in `__slotnames__`: what is there already holds.
    """
    lost = []
    for base in cls.__mro__:
        if not base.__flags__ & _HEAP or not _by_value.has_slots(base):
            continue
        declared, stripped = base.__dict__.get("__slots__", ()), base.__name__.lstrip("_")
        if not isinstance(declared, (str, tuple, list, dict, set, frozenset)):
            # An iterator, which has been used up.
            declared = ()
        found = set()
        for name in (declared,) if isinstance(declared, str) else declared:
            private = stripped and name.startswith("__") and not name.endswith("__")
            found.add(f"_{stripped}{name}" if private else name)
        for name, value in base.__dict__.items():
            if isinstance(value, types.MemberDescriptorType) and value.__objclass__ is base and value.__name__ == name:
                if name not in found:
                    lost.append(name)
    if lost:
        names = copyreg._slotnames(cls)
        if isinstance(names, list):
            names.extend(name for name in lost if name not in names)


def annotations_now(obj):
    """Return the annotations of a function or class where somebody has changed them since they were evaluated, or None."""
    evaluate = obj.__annotate__
    try:
        now = obj.__annotations__
        first, second = evaluate(1), evaluate(1)
        if list(now) != list(first):
            return now
        for name, value in now.items():
            # What isn't equal to itself, made twice, can't be compared.
            if value is not first[name] and first[name] == second[name] and value != first[name]:
                return now
    except Exception:
        pass
    return None


def property_(obj, options=None):
    """Reduce an object of a class that inherits from `property`."""
    made = type(obj), (obj.fget, obj.fset, obj.fdel, obj.__doc__)
    more = getattr(obj, "__dict__", None)
    return (*made, more) if more else made


def module(obj, options=None):
    """Reduce a module of a class that inherits from that of modules: by name, or made again."""
    name = obj.__name__
    if sys.modules.get(name) is obj and not _where.goes_by_value(obj, options):
        return _home.find().subimport, (name,)
    content = {key: value for key, value in vars(obj).items() if key not in ("__builtins__", "__loader__", "__spec__")}
    # It may answer what loading asks it for before it is ready.
    return _filled(obj, type(obj), (name,), [Call(dict.update, Call(object.__getattribute__, obj, "__dict__"), content)])


def partialmethod(obj, options=None):
    """Reduce a `partialmethod`, whose own way fails from 3.14."""
    made = functools.partial(type(obj), obj.func, *obj.args, **obj.keywords)
    plain = vars(functools.partialmethod(len))
    more = {name: value for name, value in vars(obj).items() if name not in plain}
    return (made, (), more) if more else (made, ())


def _wrappers():
    code = functools.singledispatch.__code__
    return [constant for constant in code.co_consts if isinstance(constant, type(code)) and constant.co_name == "wrapper"]


def singledispatch(obj, own):
    """Reduce a function with `singledispatch`, or return None: it is another one."""
    registry = own.get("registry")
    if registry is None or not any(obj.__code__ is code for code in _wrappers()):
        return None
    function = own.get("__wrapped__")
    if object not in registry or not callable(function):
        return None
    register = Call(getattr, obj, "register")
    steps = [Call(register, kind, made) for kind, made in registry.items() if kind is not object or made is not function]
    kept, gone = _changes(own, function, ("register", "dispatch", "registry", "_clear_cache"))
    for name in _COPIED:
        if getattr(obj, name) != getattr(function, name, None):
            kept[name] = getattr(obj, name)
    steps += [Call(setattr, obj, name, value) for name, value in kept.items()]
    steps += [Call(delattr, obj, name) for name in gone]
    return _filled(obj, functools.singledispatch, (function,), steps)


def check_kept(target, what, options, session):
    if isinstance(target, (type, types.FunctionType)) and _where.by_name(target, options) is not None:
        return
    if session is not None and not session.reaches(target):
        kind = type(target)
        raise TypeError(
            f"cannot pickle a {what} to a {kind.__module__}.{kind.__qualname__} object: nothing else in what is pickled keeps that, "
            "so the copy would be gone at once; fix: pickle what keeps it too"
        )


def reference(obj, options=None, session=None):
    """Reduce a weak reference: to the copy of what it refers to, which something else in the stream keeps."""
    target = obj()
    if target is None:
        # To something that is gone after loading.
        target = Call(set)
    else:
        check_kept(target, "weak reference", options, session)
    callback = obj.__callback__
    # Before 3.11 the class has another name than it is found by.
    made = weakref.ref if sys.version_info >= (3, 11) else Call(getattr, weakref, "ref")
    return made, ((target,) if callback is None else (target, callback))


def weak_method(obj, options=None, session=None):
    """Reduce a `WeakMethod`: to the copy of its method's object, which something else in the stream keeps."""
    method = obj()
    if method is None:
        raise TypeError("cannot pickle a weak reference to a method whose object is gone")
    check_kept(method.__self__, "weak reference", options, session)
    return weakref.WeakMethod, (types.MethodType(method.__func__, method.__self__),)


def weak_dict(obj, options=None, session=None):
    """Reduce a `WeakKeyDictionary` or a `WeakValueDictionary`."""
    content = dict(obj.items())
    weak = content if isinstance(obj, weakref.WeakKeyDictionary) else content.values()
    for target in weak:
        check_kept(target, type(obj).__name__, options, session)
    plain = vars(type(obj)())
    more = {name: value for name, value in vars(obj).items() if name not in plain}
    return (type(obj), (content,), more) if more else (type(obj), (content,))


def new_type(obj, options=None):
    """Reduce a `typing.NewType`: by name, where it has one, else made again; loaded twice it is one."""
    if _where.by_name(obj, options) is not None:
        return NotImplemented
    made = Call(type(obj), obj.__name__, obj.__supertype__)
    more = {name: value for name, value in vars(obj).items() if name not in ("__name__", "__supertype__")}
    return _home.find()._lookup_class_or_track, (_by_value.identity(obj, options), made), more


def sentinel(obj, options=None):
    """Reduce one of the objects in `dataclasses` that are compared by `is`."""
    import dataclasses

    for name in ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY"):
        if getattr(dataclasses, name, None) is obj:
            return name
    return NotImplemented
