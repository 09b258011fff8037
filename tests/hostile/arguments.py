"""Odd objects as arguments: half made, empty, too many, of the wrong kind, and ones whose conversion runs Python code."""

import gc
import sys
import types
import weakref

from death import doomed
from kit import PYPY, attempt, attack, check, collect, note, probe, skip


def empties(p):
    """Objects whose `__init__` or `__new__` never came to its end."""
    found = []
    for make in (
        lambda: p.cls.__new__(p.cls),
        lambda: object.__new__(p.cls),
        lambda: type("Heir", (p.cls,), {"__slots__": ()}).__new__(type("Heir", (p.cls,), {"__slots__": ()})),
        lambda: type("Heir", (p.cls,), {"__init__": lambda self, *_: None})(3),
    ):
        good, thing = attack(make)
        if good:
            found.append(thing)
    return found


@attempt()
def an_object_without_a_value(p):
    for thing in empties(p):
        for site in {**p.readers, **p.sites}.values():
            good, found = attack(site, thing)
            note("empty gives", found if good else "a refusal")
            check(not good or found in (None, p.value(0), bytes(16), 0, 0.0, 3, p.value(3)), "an empty object has no value, or zero")
        attack(thing.__init__, 3)


@attempt("subclass")
def an_object_whose_init_raises(p):
    leaked = []

    class Heir(p.cls):
        def __init__(self, *arguments):
            leaked.append(self)
            raise ValueError("not today")

    attack(p.new, Heir, 3)
    for thing in leaked:
        for read in p.readers.values():
            good, found = attack(read, thing)
            check(not good or found in (p.value(3), p.value(0)), "it has its value, zero, or none")
    leaked.clear()


@attempt("subclass")
def an_object_is_read_in_its_init(p):
    class Heir(p.cls):
        def __init__(self, *arguments):
            for read in p.readers.values():
                good, found = attack(read, self)
                check(not good or found in (p.value(3), p.value(0)), "it has its value, zero, or none")
            if p.kind.startswith(("layer", "cpp")):
                super().__init__(*arguments)

    thing = p.new(Heir, 3)
    p.reads(thing, 3)


@attempt("subclass")
def an_object_is_read_in_its_new(p):
    class Heir(p.cls):
        def __new__(cls, *arguments):
            self = super().__new__(cls, *arguments)
            for read in p.readers.values():
                good, found = attack(read, self)
                check(not good or found in (p.value(3), p.value(0)), "it has its value, zero, or none")
            return self

    thing = p.new(Heir, 3)
    p.reads(thing, 3)


STRANGERS = [None, True, 0, 1.5, 2j, "x", b"x", [], (), {}, set(), object(), type, int, len, sys, Ellipsis, NotImplemented,
             types.SimpleNamespace(), iter(()), range(3), memoryview(b"x" * 64), bytearray(64), slice(1), lambda: 0, weakref.ref(type),
             Exception(), property(), types.MethodType(len, 3), (x for x in ()), frozenset(), 10**100, "\ud800", b"\0" * 64]


@attempt()
def strangers_of_every_kind(p):
    for stranger in STRANGERS:
        p.refuses(stranger)


@attempt()
def too_few_and_too_many(p):
    thing = p.make(3)
    for module in p.modules:
        for name, function in functions_of(module):
            for count in range(0, 8):
                attack(function, *[None] * count)
            for count in range(0, 5):
                attack(function, *[thing] * count)
            attack(lambda: function(nothing=1))
            attack(lambda: function(**{"": 1, "type": 3}))
            attack(lambda: function(*[thing] * 1000))
    p.reads(thing, 3)


# Tools of a forger write memory: that isn't pure Python any more. Others keep what they get, as they
# should, or take one kind of argument alone.
LEFT_OUT = {"plant", "address", "put", "get", "functions", "core", "set_core", "set_core_object", "set_service", "publish_at",
            "record_of", "bare", "registry", "drop_all", "unkeep", "unregister", "null_pointers", "wrong_things",
            "hold", "keep", "attach", "translate"}


def functions_of(module):
    return [(name, value) for name, value in list(vars(module).items())
            if callable(value) and not isinstance(value, type) and name not in LEFT_OUT and not name.startswith("__")]


@attempt()
def strangers_to_every_function(p):
    strangers = STRANGERS
    if PYPY and p.kind.startswith("pyo3"):
        # PyO3 says which type it can't convert: PyPy's PyType_GetQualName ends the process for this one.
        strangers = [stranger for stranger in STRANGERS if stranger is not Ellipsis]
    for module in p.modules:
        for name, function in functions_of(module):
            for stranger in strangers:
                attack(function, stranger)
                attack(function, "point2d", stranger)
                attack(function, stranger, stranger, stranger)
    p.drop()
    collect()


@attempt()
def odd_names_of_types(p):
    thing = p.make(3)
    for module in p.modules:
        for name, function in functions_of(module):
            for odd in ("", "\0", "point2d\0x", "x" * 10000, "\ud800", "Point2d", "é"):
                attack(function, odd, thing)
                attack(function, odd, odd, odd)
                attack(function, odd)
    p.reads(thing, 3)


@attempt()
def constructors_of_odd_things(p):
    for arguments in ((), (None,), (b"",), (b"x",), (b"x" * 15,), (b"x" * 17,), (1,), (1, 2), ("a", "b"), (float("nan"), float("inf")),
                      (10**400, 1), (bytearray(16),), (memoryview(b"x" * 16),), (p.make(3),), (object(),)):
        good, thing = attack(p.cls, *arguments)
        if good:
            for read in p.readers.values():
                attack(read, thing)


class Evil(int):
    """Runs code wherever it is converted."""

    act = staticmethod(lambda: None)

    def run(self):
        type(self).act()
        return 3

    __index__ = __int__ = __bool__ = __hash__ = __len__ = run

    def __float__(self):
        type(self).act()
        return 3.0

    def __eq__(self, other):
        type(self).act()
        return True


@attempt()
def a_conversion_runs_code(p):
    names = [p.make(3)]

    def act():
        names.clear()
        gc.collect()

    for act_now in (act, gc.collect, lambda: p.make(1), lambda: 1 / 0):
        Evil.act = staticmethod(act_now)
        for module in p.modules:
            for name, function in functions_of(module):
                if not names:
                    names.append(p.make(3))
                attack(lambda: function(names[0], Evil()))
                if not names:
                    names.append(p.make(3))
                attack(lambda: function("point2d", names[0], Evil(), Evil()))
                attack(function, Evil())
                attack(function, Evil(), Evil())
    Evil.act = staticmethod(lambda: None)
    names.clear()
    p.drop()
    collect()


@attempt()
def texts_and_bytes_of_heirs(p):
    class Text(str):
        def __hash__(self):
            gc.collect()
            return 3

        def __eq__(self, other):
            gc.collect()
            return False

        def encode(self, *_):
            raise RuntimeError("not today")

    class Data(bytes):
        def __len__(self):
            return 10**9

        def __getitem__(self, _):
            raise RuntimeError("not today")

    thing = p.make(3)
    for module in p.modules:
        for name, function in functions_of(module):
            attack(function, Text("point2d"), thing)
            attack(function, Text("point2d"), Data(b"x" * 16))
            attack(function, Text("frozen"), Text("point2d"), Data(b"x" * 16))
    p.reads(thing, 3)
    del thing
    p.drop()
    collect()


@attempt()
def a_buffer_changes_its_size(p):
    data = bytearray(16)
    for make in (lambda: p.cls(data), lambda: p.cls(memoryview(data)), lambda: p.cls(bytes(data))):
        good, thing = attack(make)
        # PyPy refuses for as long as its collector hasn't found the view.
        attack(data.extend, b"x" * 100)
        attack(data.__delitem__, slice(16, None))
        if good:
            for read in p.readers.values():
                attack(read, thing)


@attempt()
def the_same_object_twice(p):
    thing = p.make(3)
    for module in p.modules:
        for name, function in functions_of(module):
            attack(function, thing, thing)
    if "nurse" in p.abilities:
        attack(p.keep, thing, thing)
    p.reads(thing, 3)
    del thing
    collect()


@attempt("write")
def odd_fields_are_written(p):
    thing = p.make(3)
    for consumer in p.consumers:
        for field in ("", "z", "x\0", "X", None, 3):
            for data in (b"", b"x", b"x" * 8, b"x" * 9, bytearray(8), None, "x" * 8):
                if field != "x":
                    attack(consumer.write, "point2d", thing, field, data)
        attack(consumer.write, "point2d", thing, "x", b"x" * 7)
        attack(consumer.write, "nested", thing, "x", b"x" * 8)
    p.reads(thing, 3)


@attempt("write")
def an_object_of_another_type(p):
    for consumer in p.consumers:
        for name in ("nested", "packed-tail", "scalars", "array", "flags", "kinds"):
            good, _ = attack(consumer.read, name, p.make(3))
            check(not good, "a point is no " + name)
