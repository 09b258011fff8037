"""Instances that answer whatever they are asked for: their class has a `__getattr__` or a `__getattribute__` of its own, for which
they may not be ready, or which takes any name for one of theirs.

Loading asks a new instance for `__setstate__`, before it has anything that it could answer from. So what it had is put there past it,
by calls of the standard library. Pickling asks an instance for more: here its class is asked, as Python's operators do.
"""

import copyreg
import functools
import operator
import sys
import types

from . import _where
from ._call import Call

_MISSING = object()
#: What `type` knows of a class, whatever its metaclass says.
_mro, _own, _flags = (type.__dict__[name].__get__ for name in ("__mro__", "__dict__", "__flags__"))
#: `Py_TPFLAGS_HEAPTYPE`.
_HEAP = 1 << 9
#: What instances may be beside what is in their dict and slots: it is given to `__new__`, or added to them.
_HOLDS = (list, dict, tuple, str, bytes, int, float, complex)


def _of_class(cls, name):
    """Return what the class of an instance has under a name, whatever its metaclass says."""
    for base in _mro(cls):
        found = _own(base).get(name, _MISSING)
        if found is not _MISSING:
            return found
    return _MISSING


def _bound(found, obj, cls):
    get = getattr(type(found), "__get__", None)
    return found if get is None else get(found, obj, cls)


def _is_objects(cls, name):
    return _of_class(cls, name) is object.__dict__.get(name, _MISSING)


def _class_is_asked(cls):
    """Tell whether a class answers as all classes do, whatever its instances do."""
    return _of_class(type(cls), "__getattribute__") is type.__dict__["__getattribute__"]


def reduced(obj, protocol):
    """Reduce an instance of a class that goes by value: what it was made of is set past its own answers."""
    cls = type(obj)
    value = _value(obj, cls, protocol)
    if type(value) is not tuple or not 3 <= len(value) <= 5 or value[2] is None or _of_class(cls, "__setstate__") is not _MISSING:
        return value
    make, arguments, state, *items = value
    if make is copyreg.__newobj__ and arguments and arguments[0] is cls:
        if not _is_objects(cls, "__getattribute__") or not _is_objects(cls, "__class__"):
            # Python's pickler would ask the instance for its class.
            make = Call(getattr, cls, "__new__")
        if not _class_is_asked(cls):
            make = Call(type.__getattribute__, cls, "__new__")
    elif make is not cls and not (make is copyreg.__newobj_ex__ and arguments[0] is cls):
        return value
    steps = _steps(obj, state)
    if not steps:
        return value if steps is None else (make, arguments, None, *items)
    return (make, arguments, steps, *items, *[None] * (2 - len(items)), operator.is_)


def _steps(obj, state):
    """Return the calls that do what loading does with a state, or None: it is none that loading takes by itself."""
    own, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    if own is not None and type(own) is not dict or slots is not None and type(slots) is not dict:
        return None
    steps = []
    if own:
        steps.append(Call(dict.update, Call(object.__getattribute__, obj, "__dict__"), own))
    for name, value in (slots or {}).items():
        steps.append(Call(object.__setattr__, obj, name, value))
    return steps


def _value(obj, cls, protocol):
    if _is_objects(cls, "__getattribute__") and _class_is_asked(cls):
        if sys.version_info >= (3, 11) or not _is_objects(cls, "__reduce_ex__"):
            # What the class has comes before `__getattr__`.
            return object.__getattribute__(obj, "__reduce_ex__")(protocol)
    elif not _is_objects(cls, "__reduce_ex__"):
        return _bound(_of_class(cls, "__reduce_ex__"), obj, cls)(protocol)
    if not _is_objects(cls, "__reduce__"):
        return _bound(_of_class(cls, "__reduce__"), obj, cls)()
    basis = next(base for base in _mro(cls) if not _flags(base) & _HEAP)
    if basis is not object and basis not in _HOLDS:
        return object.__reduce_ex__(obj, protocol)
    return _as_object_does(obj, cls, basis)


def _as_object_does(obj, cls, basis):
    """Return what `object.__reduce_ex__` returns for an instance that answers as all others do."""
    make, arguments = copyreg.__newobj__, (cls,)
    found = _of_class(cls, "__getnewargs_ex__")
    if found is not _MISSING:
        given, keywords = _bound(found, obj, cls)()
        if keywords:
            make, arguments = copyreg.__newobj_ex__, (cls, given, keywords)
        else:
            arguments += given
    else:
        found = _of_class(cls, "__getnewargs__")
        if found is not _MISSING:
            arguments += _bound(found, obj, cls)()
    if _is_objects(cls, "__getstate__"):
        state = _state(obj, cls)
    else:
        state = _bound(_of_class(cls, "__getstate__"), obj, cls)()
    items = iter(list.__iter__(obj)) if basis is list else None
    pairs = iter(dict.items(obj)) if basis is dict else None
    return make, arguments, state, items, pairs


def _state(obj, cls):
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = None
    names = set()
    for base in _mro(cls):
        content = _own(base)
        if "__slots__" in content:
            names.update(name for name, value in content.items() if isinstance(value, types.MemberDescriptorType))
    slots = {}
    for name in sorted(names):
        try:
            slots[name] = object.__getattribute__(obj, name)
        except AttributeError:
            pass
    return (own, slots) if slots else own


def past(obj, options=None):
    """Reduce an instance for the drop-in, where what cloudpickle writes doesn't load."""
    if _where.by_name(type(obj), options) is not None or not _fails(obj):
        return NotImplemented
    return reduced(obj, 4)


def _fails(obj):
    """Tell whether an instance of that class, made anew, has an answer where loading asks it how it takes its state, or where
    pickling asks for that state."""
    cls = type(obj)
    try:
        if sys.version_info < (3, 11) and all(map(functools.partial(_is_objects, cls), ("__reduce_ex__", "__reduce__", "__getstate__"))):
            if hasattr(obj, "__getstate__"):
                return True
        if _of_class(cls, "__setstate__") is not _MISSING:
            return False
        value = obj.__reduce_ex__(4)
        if obj.__class__ is not cls or type(value) is not tuple:
            return True
        if len(value) < 3 or value[2] is None:
            return False
        make, arguments = value[:2]
        if make is not cls and make not in (copyreg.__newobj__, copyreg.__newobj_ex__):
            return False
        make(*arguments).__setstate__
    except AttributeError:
        return False
    except Exception:
        return True
    return True
