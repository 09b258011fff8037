"""Tricks with classes: bases, MROs, metaclasses, `__class__`, slots, names and attributes that aren't what they say."""

import sys
import types

from death import doomed
from kit import PYPY, attempt, attack, check, collect, is_empty, probe, skip, unless_pypy_ends


@attempt("subclass")
def an_object_gets_another_class(p):
    class Mine(p.cls):
        __slots__ = ()

    class Other(p.cls):
        __slots__ = ()

    thing = p.new(Mine, 3)
    attack(setattr, thing, "__class__", Other)
    p.reads(thing, 3)
    attack(setattr, thing, "__class__", p.cls)
    p.reads(thing, 3)


@attempt()
def an_object_gets_the_class_of_a_stranger(p):
    class Stranger:
        __slots__ = ()

    thing = p.make(3)
    good, _ = attack(setattr, thing, "__class__", Stranger)
    if good:
        p.refuses(thing)
    else:
        p.reads(thing, 3)
    attack(setattr, thing, "__class__", types.ModuleType)


@attempt()
def a_stranger_gets_the_class(p):
    class Stranger:
        pass

    class Slotted:
        __slots__ = ("a", "b", "c")

    for stranger in Stranger(), Slotted(), types.ModuleType("m"), Exception():
        good, _ = attack(setattr, stranger, "__class__", p.cls)
        if not good:
            p.refuses(stranger)
        else:
            p.reads(stranger, 3)


@attempt("subclass")
def an_heir_of_a_stranger_gets_the_class(p):
    class Mine(p.cls):
        pass

    class Stranger:
        pass

    good, _ = attack(lambda: setattr(Stranger(), "__class__", Mine))
    check(not good, "the layouts differ")


@attempt("subclass")
def bases_are_assigned(p):
    class Base:
        pass

    class Mine(Base):
        pass

    thing = Mine()
    p.refuses(thing)
    good, _ = attack(setattr, Mine, "__bases__", (p.cls,))
    if good:
        p.refuses(thing)
    p.refuses(thing)


@attempt("subclass")
def bases_are_taken_away(p):
    class Middle(p.cls):
        __slots__ = ()

    class Other(p.cls):
        __slots__ = ()

    class Mine(Middle):
        __slots__ = ()

    thing = p.new(Mine, 3)
    p.reads(thing, 3)
    attack(setattr, Mine, "__bases__", (Other,))
    p.reads(thing, 3)
    attack(setattr, Mine, "__bases__", (object,))
    p.reads(thing, 3)


@attempt("subclass")
def an_mro_leaves_our_class_out(p):
    class Meta(type(p.cls)):
        def mro(cls):
            return [cls, object]

    good, odd = attack(lambda: Meta("Odd", (p.cls,), {}))
    if good:
        good, thing = attack(p.new, odd, 3)
        if good:
            p.reads(thing, 3)


@attempt("subclass")
def an_mro_pretends_our_class(p):
    if PYPY:
        # There the class of any extension can be named, and gets objects that are too small for it.
        skip("PyPy takes every MRO, and calls a constructor in C with such a class")

    class Meta(type(p.cls)):
        def mro(cls):
            return [cls, p.cls, object]

    good, odd = attack(lambda: Meta("Odd", (object,), {}))
    if good:
        good, thing = attack(odd)
        if good:
            p.refuses(thing)


@attempt("subclass")
def an_mro_that_changes(p):
    class Meta(type(p.cls)):
        turn = 0

        def mro(cls):
            Meta.turn += 1
            usual = type.mro(cls)
            return usual if Meta.turn % 2 else [cls] + usual[2:] + usual[1:2] if len(usual) > 3 else usual

    class Other:
        __slots__ = ()

    good, odd = attack(lambda: Meta("Odd", (p.cls, Other), {"__slots__": ()}))
    if good:
        thing = p.new(odd, 3)
        p.reads(thing, 3)
        attack(setattr, odd, "__bases__", (Other, p.cls))
        p.reads(thing, 3)


@attempt("subclass")
def two_bases_of_ours(p):
    class One(p.cls):
        __slots__ = ()

    class Two(p.cls):
        __slots__ = ()

    good, both = attack(lambda: type("Both", (One, Two), {}))
    if good:
        p.reads(p.new(both, 3), 3)


@attempt("subclass mortal")
def two_bases_with_two_records(p):
    one, two = p.fresh(), p.fresh()
    good, both = attack(lambda: type("Both", (one, two), {}))
    if good:
        good, thing = attack(p.new, both, 3)
        if good:
            p.reads(thing, 3)
    addresses = id(one), id(two)
    del one, two, both
    thing = None
    collect()
    for address in addresses:
        probe(p, address)


@attempt("subclass")
def a_tower_of_heirs(p):
    cls = p.cls
    for _ in range(200):
        cls = type("Higher", (cls,), {"__slots__": ()})
    p.reads(p.new(cls, 3), 3)
    del cls
    collect()


@attempt("subclass")
def more_heirs_than_a_cache_has_places(p):
    for seed in range(300):
        heir = type(f"Heir{seed}", (p.cls,), {"__slots__": ()})
        p.reads(p.new(heir, seed), seed)
    del heir
    collect()


@attempt("subclass")
def heirs_with_slots_and_dictionaries(p):
    for names in ((), ("a",), ("a", "b", "c"), ("__dict__",), ("__dict__", "a"), ("__weakref__",), ("x", "y")):
        good, heir = attack(lambda: type("Heir", (p.cls,), {"__slots__": names}))
        if good:
            thing = p.new(heir, 3)
            for name in names:
                if not name.startswith("__"):
                    attack(setattr, thing, name, 1)
            p.reads(thing, 3)


@attempt("subclass")
def an_heir_that_makes_its_objects_itself(p):
    class Heir(p.cls):
        def __new__(cls, *arguments):
            return object.__new__(cls)

    good, thing = attack(Heir, *([1] * 1))
    if good and PYPY:
        # It makes objects of C classes so, with zeros in them.
        is_empty(p, thing)
    elif good:
        p.refuses(thing)


@attempt("subclass")
def an_heir_whose_new_returns_a_stranger(p):
    class Heir(p.cls):
        def __new__(cls, *arguments):
            return 5

    good, thing = attack(p.new, Heir, 3)
    if good:
        p.refuses(thing)


@attempt("subclass")
def an_heir_whose_init_is_skipped(p):
    class Heir(p.cls):
        def __init__(self, *arguments):
            pass

    good, thing = attack(p.new, Heir, 3)
    if good:
        p.reads(thing, 3)


@attempt()
def class_is_a_property(p):
    class Liar:
        @property
        def __class__(self):
            return p.cls

    check(isinstance(Liar(), p.cls), "Python believes it")
    p.refuses(Liar())


@attempt()
def instancecheck_lies(p):
    class Meta(type):
        def __instancecheck__(cls, other):
            return True

        def __subclasscheck__(cls, other):
            return True

    class Liar(metaclass=Meta):
        pass

    p.refuses(Liar())


@attempt()
def the_class_itself_is_offered(p):
    p.refuses(p.cls)
    p.refuses(type(p.cls))
    for module in p.modules:
        p.refuses(module)


@attempt()
def a_class_of_the_same_name(p):
    liar = type(p.cls.__name__, (), {"__module__": p.cls.__module__, "__qualname__": p.cls.__qualname__})
    p.refuses(liar())


@attempt("mortal")
def a_class_is_renamed(p):
    cls = doomed(p)
    for name, value in (("__name__", "Renamed"), ("__qualname__", "a.b"), ("__module__", 7), ("__module__", None), ("__doc__", 3)):
        attack(setattr, cls, name, value)
        p.reads(p.new(cls, 3), 3)
    attack(delattr, cls, "__module__")
    p.reads(p.new(cls, 3), 3)


@attempt("mortal")
def the_name_of_a_class_that_is_refused_is_odd(p):
    for name in ("", "\ud800", "a\nb", "x" * 100000, "{}%s%n"):
        good, odd = attack(type, name, (), {})
        if good:
            p.refuses(odd())
    odd = type("Odd", (), {})
    for name in (None, 5, "\ud800"):
        attack(setattr, odd, "__module__", name)
        p.refuses(odd())
    attack(setattr, odd, "__qualname__", "\ud800")
    p.refuses(odd())


@attempt("subclass")
def a_metaclass_with_a_getattribute(p):
    class Meta(type(p.cls)):
        def __getattribute__(cls, name):
            raise RuntimeError("not today")

    good, odd = attack(lambda: Meta("Odd", (p.cls,), {}))
    if good:
        good, thing = attack(p.new, odd, 3)
        if good:
            p.reads(thing, 3)


@attempt()
def a_stranger_whose_everything_raises(p):
    class Meta(type):
        def __getattribute__(cls, name):
            raise KeyError("not today")

        def __repr__(cls):
            raise KeyError("not today")

    class Odd(metaclass=Meta):
        def __getattribute__(self, name):
            raise KeyError("not today")

        def __repr__(self):
            raise KeyError("not today")

    unless_pypy_ends("when it meets a class for the second time that raised at first")
    p.refuses(object.__new__(Odd))


@attempt()
def attributes_of_the_class_are_overwritten(p):
    for name in ("__basicsize__", "__flags__", "__mro__", "__base__", "__dict__", "__dictoffset__", "__itemsize__"):
        attack(setattr, p.cls, name, 0)
    p.works()


@attempt("mortal")
def a_fresh_class_loses_its_attributes(p):
    cls = doomed(p)
    thing = p.new(cls, 3)
    for name in list(vars(cls)):
        attack(delattr, cls, name)
    p.reads(thing, 3)
    address = id(cls)
    del cls, thing
    collect()
    probe(p, address)


@attempt("mortal")
def an_abstract_class(p):
    cls = doomed(p)
    thing = p.new(cls, 3)
    attack(setattr, cls, "__abstractmethods__", frozenset(["x"]))
    p.reads(thing, 3)
    attack(p.new, cls, 3)


@attempt("mortal")
def generic_and_dataclass_heirs(p):
    if "subclass" not in p.abilities:
        skip("needs subclass")
    import dataclasses
    import typing

    T = typing.TypeVar("T")
    good, odd = attack(lambda: types.new_class("Odd", (p.cls, typing.Generic[T])))
    if good:
        p.reads(p.new(odd, 3), 3)
    good, odd = attack(lambda: dataclasses.dataclass(type("Data", (p.cls,), {"__annotations__": {"a": int}})))
    if good:
        attack(odd, 3)
