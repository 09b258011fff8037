"""The path to the object about which an error of a dump is, as notes in the words that Python's own pickler has from 3.14.

The pickler doesn't say where it was. But it has asked about each object, so the last one that it asked about is looked for in
what was to be pickled: by its parts, without running code of its classes.
"""

import functools
import gc
import os
import sys
import types

from . import _where

_HERE = os.path.dirname(os.path.abspath(__file__))
#: How many objects are looked at.
_LIMIT = 300_000
_LEAVES = (
    int,
    float,
    complex,
    str,
    bytes,
    bytearray,
    type(None),
    type(Ellipsis),
    types.CodeType,
    types.FrameType,
    types.TracebackType,
    types.GeneratorType,
    types.BuiltinFunctionType,
)
_ARGUMENTS = {
    property: ("fget", "fset", "fdel"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    types.MethodType: ("__func__", "__self__"),
    functools.partial: ("func",),
}
#: `Py_TPFLAGS_HEAPTYPE`.
_HEAP = 1 << 9
#: What is Python's own code, whatever it is called.
_NATIVE = (type(object.__reduce__), type(object.__init__), type(dict.fromkeys), type(len))


def explain(error, session, root):
    """Add the path to an error, unless Python's pickler does it itself."""
    if sys.version_info >= (3, 14) or isinstance(error.__cause__, RecursionError) or not isinstance(error, Exception):
        return
    notes = _path(root, session.asked(None))
    if hasattr(error, "add_note"):
        for note in notes:
            error.add_note(note)
    elif notes:
        # No notes before 3.11. What code of others raised keeps its arguments.
        try:
            error.__notes__ = [*getattr(error, "__notes__", ()), *notes]
            if _is_ours(error) and len(error.args) == 1 and type(error.args[0]) is str:
                error.args = ("\n".join((error.args[0], *notes)),)
        except (AttributeError, TypeError):
            pass


def _is_ours(error):
    trace = error.__traceback__
    while trace is not None:
        if os.path.dirname(os.path.abspath(trace.tb_frame.f_code.co_filename)) != _HERE:
            return False
        trace = trace.tb_next
    return True


def _path(root, asked):
    wanted = {address: place for place, address in reversed(list(enumerate(asked)))}
    best = None
    # id → (the object, the id of what holds it, how)
    seen = {id(root): (root, None, ())}
    level = [root]
    if wanted.get(id(root)) is not None:
        best = (wanted[id(root)], id(root))
    while level and len(seen) < _LIMIT and (best is None or best[0] > 0):
        following = []
        for holder in level:
            for part, notes in _parts(holder):
                place = wanted.get(id(part))
                if id(part) in seen or place is None and isinstance(part, _LEAVES):
                    continue
                seen[id(part)] = (part, id(holder), notes)
                if not isinstance(part, _LEAVES):
                    following.append(part)
                # The last one may have been made meanwhile. Then it's in one of the objects before, and not in a class.
                if place is not None and (place == 0 or not isinstance(part, (type, types.FunctionType))):
                    if best is None or place < best[0]:
                        best = (place, id(part))
        level = following
    if best is None:
        return []
    notes, at = [], best[1]
    while at is not None:
        _, at, how = seen[at]
        notes.extend(how)
    return notes


def _name(obj):
    kind = type(obj)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _parts(obj):
    """Yield what an object is written with: each part, and notes from the inside out."""
    kind, name = type(obj), _name(obj)
    if kind in (list, tuple):
        for place, item in enumerate(obj):
            yield item, [f"when serializing {name} item {place}"]
    elif kind is dict:
        yield from _pairs(obj, name)
    elif kind in (set, frozenset):
        for item in obj:
            yield item, [f"when serializing {name} element"]
    elif kind is types.FunctionType:
        yield from _function(obj)
    elif isinstance(obj, type):
        yield from _class(obj, name)
    elif isinstance(obj, types.ModuleType):
        if obj.__name__ not in sys.modules:
            yield from _pairs(vars(obj), "dict", [f"when serializing {name} object"])
    elif kind is types.CellType:
        if obj != types.CellType():
            yield obj.cell_contents, _arguments(name, 0)
    else:
        yield from _object(obj, kind, name)


def _arguments(name, place):
    what = f"when serializing {name}"
    return [f"when serializing tuple item {place}", f"{what} reconstructor arguments", f"{what} object"]


def _pairs(content, name, behind=()):
    for key, value in list(content.items()):
        yield value, [f"when serializing {name} item {key!r}", *behind]
        yield key, [f"when serializing {name} key {key!r}", *behind]


def _function(function):
    if _where.found(function) is not None:
        return
    state = ["when serializing tuple item 1", "when serializing function state", "when serializing function object"]
    for name in ("__defaults__", "__kwdefaults__", "__closure__"):
        part = getattr(function, name)
        if part is not None:
            yield part, [f"when serializing dict item {name!r}", *state]
    used = ["when serializing dict item '__globals__'", *state]
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name], [f"when serializing dict item {name!r}", *used]
    yield from _pairs(vars(function), "dict", ["when serializing tuple item 0", *state[1:]])


def _names(code):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _class(cls, name):
    if _where.found(cls) is not None:
        return
    state = ["when serializing tuple item 0", "when serializing type state", "when serializing type object"]
    for key, value in list(type.__dict__["__dict__"].__get__(cls).items()):
        if key not in ("__dict__", "__weakref__"):
            yield value, [f"when serializing dict item {key!r}", *state]
    for base in type.__dict__["__bases__"].__get__(cls):
        yield base, ["when serializing tuple item 2", "when serializing type reconstructor arguments", state[2]]


def _object(obj, kind, name):
    what = f"when serializing {name}"
    for place, part in enumerate(_ARGUMENTS.get(kind, ())):
        yield getattr(obj, part), _arguments(name, place)
    state = [f"{what} state", f"{what} object"]
    if isinstance(obj, dict):
        yield from _pairs(dict.copy(obj), name, state[1:])
    elif isinstance(obj, list):
        for place in range(list.__len__(obj)):
            yield list.__getitem__(obj, place), [f"{what} item {place}", state[1]]
    ways = [_of_class(kind, name) for name in ("__reduce_ex__", "__reduce__", "__getstate__")]
    if all(way is None or isinstance(way, _NATIVE) for way in ways):
        content = _attributes(obj)
        if content:
            yield from _pairs(content, "dict", state)
        for slot in _slots(kind):
            try:
                value = slot.__get__(obj)
            except AttributeError:
                continue
            yield value, [f"when serializing dict item {slot.__name__!r}", "when serializing tuple item 1", *state]
    # What else it holds, and code of its class may write.
    for part in gc.get_referents(obj):
        if part is not kind:
            yield part, state[1:]
    yield kind, [f"{what} class", f"{what} object"]


def _attributes(obj):
    for base in type(obj).__mro__:
        found = base.__dict__.get("__dict__")
        if isinstance(found, types.GetSetDescriptorType):
            content = found.__get__(obj)
            return content if type(content) is dict else None
    return None


def _slots(kind):
    for base in kind.__mro__:
        # Only what a `class` statement made has slots; others have members in C.
        for value in list(base.__dict__.values()) if base.__flags__ & _HEAP else ():
            if isinstance(value, types.MemberDescriptorType):
                yield value


def _of_class(kind, name):
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None
