"""What the writer asks Python for: options, and objects that it can't take apart by itself.

Everything that is written is a call of the standard library, so that `pickle.loads` reads it where nothing else is installed.
"""

import copyreg
import enum
import functools
import gc
import operator
import os
import sys
import types
import weakref

from .. import _pickle as _native
from . import _class_hooks, _registry
from ._answers import reduced
from ._call import Call
from ._identity import keep, loaded_id, registry
from ._plans import plan, slots, subclass_hook
from ._repairs import annotations_now, cache_made, check_kept, descriptor, partialmethod, singledispatch, slot_names
from ._tables import by_name, freeze, frozen, metas, reducer, reducers
from ._typed import as_dropin, of_annotationlib, of_parameters, of_typing, parameter
from ._writer_options import Options


@reducer(property)
def _property(obj, options):
    doc, own = obj.__doc__, getattr(obj.fget, "__doc__", None)
    if doc is own or isinstance(doc, str) and isinstance(own, str) and doc == own:
        return property, (obj.fget, obj.fset, obj.fdel)
    if doc is not None:
        return property, (obj.fget, obj.fset, obj.fdel, doc)
    # Somebody has taken it away: the constructor takes the getter's.
    return property, (obj.fget, obj.fset, obj.fdel), [Call(setattr, obj, "__doc__", None)], None, None, operator.is_


@reducer(staticmethod, classmethod)
def _wrapped(obj, options):
    more = _of_wrapper(obj)
    return (type(obj), (obj.__func__,), more) if more else (type(obj), (obj.__func__,))


def _of_wrapper(obj):
    """Return what somebody has set on a static method or class method, beside what the constructor takes from the function."""
    return {name: value for name, value in vars(obj).items() if name not in _TAKEN}


#: What is taken from a function, in one version of Python or another.
_TAKEN = frozenset(functools.WRAPPER_ASSIGNMENTS) | {"__annotations__", "__wrapped__"}


@reducer(types.MethodType)
def _method(obj, options):
    # As pickle does, where that finds the method again.
    name = getattr(obj.__func__, "__name__", None)
    # A class that goes by value may have it among its own attributes, where it isn't found before they are there.
    if isinstance(name, str) and not (isinstance(obj.__self__, type) and by_name(obj.__self__, options) is None):
        try:
            if getattr(obj.__self__, name, None) == obj:
                return NotImplemented
        except Exception:
            pass
    return types.MethodType, (obj.__func__, obj.__self__)


@reducer(types.MappingProxyType)
def _proxy(obj, options):
    (content,) = gc.get_referents(obj)
    if type(content) is dict and "__doc__" in content:
        # Maybe that of a class. Most classes have something that says whose it is.
        owners = [value.__objclass__ for value in content.values() if type(value) in _OF_ONE]
        for owner in owners + (gc.get_referrers(content) if "__module__" in content else []):
            if isinstance(owner, type) and gc.get_referents(_own(owner))[0] is content:
                return getattr, (owner, "__dict__")
    return types.MappingProxyType, (content,)


#: Descriptors that know of what class they are.
_OF_ONE = (types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType)


#: What `type` knows of a class, whatever its metaclass says.
_own = type.__dict__["__dict__"].__get__
_of_super = [super.__dict__[name].__get__ for name in ("__thisclass__", "__self__")]


@reducer(super)
def _super(obj, options):
    # It answers as the object does that it is for.
    cls, bound = (get(obj) for get in _of_super)
    return super, ((cls,) if bound is None else (cls, bound))


for _kind in (
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
):
    reducers[_kind] = descriptor


@reducer(type({}.keys()))
def _keys(obj, options):
    return Call(getattr, dict, "keys"), (dict.fromkeys(obj),)


@reducer(type({}.values()))
def _values(obj, options):
    return Call(getattr, dict, "values"), (dict(enumerate(obj)),)


@reducer(type({}.items()))
def _items(obj, options):
    return Call(getattr, dict, "items"), (dict(obj),)


def _ordered_views():
    from collections import OrderedDict

    for name, content in (("keys", OrderedDict.fromkeys), ("values", lambda obj: OrderedDict(enumerate(obj))), ("items", OrderedDict)):
        def view(obj, options, name=name, content=content):
            return Call(getattr, OrderedDict, name), (content(obj),)

        reducers[type(getattr(OrderedDict(), name)())] = view


_ordered_views()


@reducer(type(iter(set())))
def _set_iterator(obj, options):
    # What is left of it, which has no order.
    return iter, (set(obj.__reduce__()[1][0]),)


@reducer(memoryview)
def _memoryview(obj, options):
    if obj.format == "B" and obj.ndim == 1:
        return memoryview, (obj.tobytes(),)
    if len(obj.format.lstrip("@")) != 1:
        raise TypeError(f"cannot pickle a memoryview of format {obj.format!r}: only one of bytes can be made that way again")
    return Call(getattr, Call(memoryview, obj.tobytes()), "cast"), (obj.format, obj.shape)


class _Reach:
    """What the object that is dumped reaches, asked as the drop-in asks for it."""

    def __init__(self, options, root):
        self.session = _native.start(as_dropin(options), None)
        self.session.begin(root)
        self.reaches = self.session.reaches


def _check_kept(target, what, options, root):
    if root is None:
        return
    if len(root) == 1:
        root.append(_Reach(options, root[0]))
    check_kept(target, what, as_dropin(options), root[1])


@reducer(weakref.ReferenceType)
def _reference(obj, options, root=None):
    target, callback = obj(), obj.__callback__
    if target is None:
        # To something that is gone after loading.
        target = Call(set)
    else:
        _check_kept(target, "weak reference", options, root)
    return Call(getattr, Call(__import__, "weakref"), "ref"), ((target,) if callback is None else (target, callback))


@reducer(weakref.WeakMethod)
def _weak_method(obj, options, root=None):
    method = obj()
    if method is None:
        raise TypeError("cannot pickle a weak reference to a method whose object is gone")
    _check_kept(method.__self__, "weak reference", options, root)
    return weakref.WeakMethod, (types.MethodType(method.__func__, method.__self__),)


@reducer(weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
def _weak_dict(obj, options, root=None):
    content = dict(obj.items())
    for target in content if isinstance(obj, weakref.WeakKeyDictionary) else content.values():
        _check_kept(target, type(obj).__name__, options, root)
    plain = vars(type(obj)())
    more = {name: value for name, value in vars(obj).items() if name not in plain}
    return (type(obj), (content,), more) if more else (type(obj), (content,))


@reducer(weakref.WeakSet)
def _weak_set(obj, options):
    return weakref.WeakSet, (set(obj),)


@reducer(functools._lru_cache_wrapper)
def _cache(obj, options):
    if by_name(obj, options):
        return NotImplemented
    return _cache_by_value(obj)


def _cache_by_value(obj):
    return cache_made(obj, _copied)


def _copied(function):
    """Return what a wrapper gets from the function that it wraps."""
    copied = dict(getattr(function, "__dict__", {}))
    for name in functools.WRAPPER_ASSIGNMENTS:
        if hasattr(function, name):
            copied[name] = getattr(function, name)
    if sys.version_info < (3, 11) and copied.get("__qualname__") != copied.get("__name__"):
        # Code doesn't have it yet, and the wrapper may be made before the function is finished.
        copied.pop("__qualname__", None)
    return copied


class _Nowhere:
    strict, main_by_reference, config = False, False, None

    #: Every module goes by value: nothing is found by its name.
    rules = (lambda name: True,)


_nowhere = _Nowhere()


@reducer(functools.cached_property)
def _cached_property(obj, options):
    return functools.cached_property, (obj.func,), _of_cached_property(obj)


def _of_cached_property(obj):
    # Without the lock that there was before 3.12, and what the constructor takes from the function.
    taken = {"__doc__": obj.func.__doc__, "__module__": getattr(obj.func, "__module__", None)}
    return {
        name: value
        for name, value in vars(obj).items()
        if name not in ("func", "lock") and not (name in taken and taken[name] is value)
    } or None


@reducer(functools.partialmethod)
def _partialmethod(obj, options):
    return partialmethod(obj)


@reducer(functools.singledispatchmethod)
def _singledispatchmethod(obj, options):
    register = Call(getattr, Call(getattr, obj, "dispatcher"), "register")
    steps = [Call(register, kind, made) for kind, made in obj.dispatcher.registry.items() if kind is not object]
    return functools.singledispatchmethod, (obj.func,), steps, None, None, operator.is_


def _of_dataclasses(module):
    reducers[module._FIELD_BASE] = lambda obj, options: obj.name
    for name in ("MISSING", "_HAS_DEFAULT_FACTORY", "KW_ONLY"):
        marker = getattr(module, name, None)
        # From 3.15 these are sentinels, which pickle by themselves.
        if type(marker).__module__ == "dataclasses":
            reducers[type(marker)] = lambda obj, options, name=name: name


def _struct(obj, options):
    return type(obj), (obj.format,)


def _of_datetime(module):
    freeze(module.date, module.datetime, module.time, module.timedelta, module.timezone)


def refresh():
    """Add what belongs to modules that have been imported meanwhile."""
    _registry.share()
    for name in list(_pending):
        module = sys.modules.get(name)
        # One that is being imported has its classes later.
        if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
            add = _pending.get(name)
            if add is not None:
                add(module)
                _pending.pop(name, None)


#: What belongs to modules that nobody may have imported: added when they are there.
_pending = {
    **({"annotationlib": of_annotationlib} if sys.version_info >= (3, 14) else {}),
    "dataclasses": _of_dataclasses,
    "_struct": lambda module: reducers.update({module.Struct: _struct}),
    "datetime": _of_datetime,
    "decimal": lambda module: freeze(module.Decimal),
    # Python keeps the last ones: equal ones are one object or two, as it happens.
    "re": lambda module: freeze(module.Pattern),
    **({"_typing": of_parameters} if sys.version_info >= (3, 12) else {}),
    "typing": of_typing,
    "pydantic.dataclasses": _class_hooks.of_dataclasses,
    "pydantic.main": _class_hooks.of_models,
    "fractions": lambda module: freeze(module.Fraction),
    "uuid": lambda module: freeze(module.UUID),
}


_Lock, _RLock = type(__import__("_thread").allocate_lock()), type(__import__("_thread").RLock())


@reducer(_Lock, _RLock)
def _lock(obj, options):
    kind = "an RLock" if type(obj) is _RLock else "a lock"
    if options is None or not options.locks:
        raise TypeError(f"cannot pickle {kind}: it means nothing in another process; locks='recreate' makes a new one")
    held = obj._is_owned() if type(obj) is _RLock else obj.locked()
    if held or "owner=0" not in repr(obj) and type(obj) is _RLock:
        raise TypeError(f"cannot pickle {kind} that somebody holds")
    return Call(getattr, Call(__import__, "_thread"), "RLock" if type(obj) is _RLock else "allocate_lock"), ()


def _source(function, options):
    from ._source import code

    return code(function, options)


def _annotations(obj):
    from ._source import annotations

    return annotations(obj)


def instance(obj, options):
    """Reduce a member of an enum, or an object whose class inherits from one that pickle can't take apart."""
    if isinstance(obj, enum.Enum):
        return _member(obj, options)
    if isinstance(obj, (property, staticmethod, classmethod, functools.cached_property)):
        return _subclass(obj, options)
    if isinstance(obj, functools.partialmethod) and type(obj).__reduce_ex__ is object.__reduce_ex__:
        return partialmethod(obj)
    return NotImplemented


def _member(obj, options):
    cls = type(obj)
    if by_name(cls, options) or not any(
        getattr(base, "__reduce_ex__", None) is cls.__reduce_ex__ for base in enum.Enum.__subclasses__() + [enum.Enum]
    ) and cls.__reduce_ex__ is not enum.Enum.__reduce_ex__ and cls.__reduce_ex__.__module__ != "enum":
        return NotImplemented
    if isinstance(obj._name_, str) and cls._member_map_.get(obj._name_) is obj:
        return getattr, (cls, obj._name_)
    return cls, (obj._value_,)


def _subclass(obj, options):
    cls = type(obj)
    if cls.__reduce_ex__ is not object.__reduce_ex__ or cls.__reduce__ is not object.__reduce__:
        return NotImplemented
    state = dict(getattr(obj, "__dict__", None) or {})
    if isinstance(obj, functools.cached_property):
        state = _of_cached_property(obj) or {}
        if cls.__init__ is functools.cached_property.__init__:
            return cls, (obj.func,), state or None
        state["func"] = obj.func
        if hasattr(obj, "lock"):
            state["lock"] = Call(Call(getattr, Call(__import__, "_thread"), "RLock"))
        return copyreg.__newobj__, (cls,), state
    if isinstance(obj, property):
        arguments = obj.fget, obj.fset, obj.fdel, obj.__doc__
    else:
        arguments, state = (obj.__func__,), _of_wrapper(obj)
    if cls.__init__ in (property.__init__, staticmethod.__init__, classmethod.__init__):
        return (cls, arguments, state or None)
    base = property if isinstance(obj, property) else staticmethod if isinstance(obj, staticmethod) else classmethod
    # A constructor of its own takes what isn't known any more: the base's is called on what `__new__` made.
    steps = [Call(base.__init__, obj, *arguments)] + [Call(setattr, obj, name, value) for name, value in state.items()]
    return Call(getattr, cls, "__new__"), (cls,), steps, None, None, operator.is_


def _names_of_standard_modules():
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return set(names)
    found = set(sys.builtin_module_names)
    folder = os.path.dirname(os.__file__)
    for entry in os.listdir(folder):
        if entry.endswith(".py"):
            found.add(entry[:-3])
        elif os.path.exists(os.path.join(folder, entry, "__init__.py")):
            found.add(entry)
    dynamic = os.path.join(folder, "lib-dynload")
    for entry in os.listdir(dynamic) if os.path.isdir(dynamic) else ():
        found.add(entry.partition(".")[0])
    return found


def _slot_names(cls):
    slot_names(cls)
    for base in cls.__mro__:
        if isinstance(vars(base).get("__slots__"), (set, frozenset)):
            # Python goes through that set: the order is another in each process.
            names = copyreg._slotnames(cls)
            if isinstance(names, list):
                names.sort()
            break


def is_standard(name):
    """Tell whether the module with a name is the standard library's, and not one of the user's that hides it."""
    if name.partition(".")[0] not in _STANDARD:
        return False
    module = sys.modules.get(name)
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if module is None or origin in ("built-in", "frozen"):
        return True
    path = getattr(module, "__file__", None)
    if not isinstance(path, str):
        return False
    path = os.path.realpath(path)
    if "site-packages" in path or "dist-packages" in path:
        return False
    return any(path.startswith(folder) for folder in _folders())


def _has_submodule(package, attribute, name):
    """Tell whether a package that has no attribute of that name finds a submodule for it: some import theirs when they are asked."""
    from importlib import import_module, util

    try:
        # A submodule that was found so is imported where its own are looked for.
        module = sys.modules.get(package) or import_module(package)
        if name in sys.modules:
            return True
        if getattr(module, "__path__", None) is None or attribute in vars(module):
            return False
        return util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError, TypeError):
        # What it may raise that says so; not what a signal's handler raises meanwhile.
        return False


def _folders():
    if not _FOLDERS:
        # Where the library is, and what it has in C.
        homes = [os.path.dirname(os.__file__)] + [path for path in sys.path if path.endswith("lib-dynload")]
        _FOLDERS.extend(os.path.realpath(home) + os.sep for home in homes)
    return _FOLDERS


_FOLDERS = []


def _type_names():
    names = {}
    # What iterators and views are is named where `collections.abc` registers them.
    for module in "types", "_collections_abc":
        for name, value in vars(sys.modules[module]).items():
            if type(value) is type and not name.startswith("_"):
                home = sys.modules.get(value.__module__)
                if getattr(home, value.__qualname__, None) is not value:
                    names.setdefault(value, (module, name))
    return names


metas[enum.EnumMeta] = True

freeze(complex, range, slice, type(...), type(NotImplemented))
freeze(type(list[int]), whole=False)
if hasattr(types, "UnionType"):
    freeze(types.UnionType, whole=False)
_STANDARD = _names_of_standard_modules()
#: Classes whose own way to be pickled fails from 3.14.
_NOT_BY_THEMSELVES = (functools.partialmethod,) if sys.version_info >= (3, 14) else ()

_native.attach_writer(
    Options,
    reducers,
    metas,
    (enum.Enum, property, staticmethod, classmethod, functools.cached_property) + _NOT_BY_THEMSELVES,
    instance,
    plan,
    subclass_hook,
    singledispatch,
    _registry.registries,
    _STANDARD,
    frozen,
    _source,
    _annotations,
    _type_names(),
    refresh,
    registry,
    keep,
    loaded_id,
    slots,
    _slot_names,
    annotations_now,
    is_standard,
    {_reference: True, _weak_method: True, _weak_dict: True},
    {parameter: True},
    reduced,
    _class_hooks.hooks,
    _has_submodule,
)
