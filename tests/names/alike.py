"""A module with functions as binders make them, put together of what `_alike` makes."""

import sys
import types

import _alike

HERE = sys.modules[__name__]


def method_of(cls, kind, name, home=None):
    """Puts a function of a kind into a class."""
    if kind in ("nb_method", "nb_func", "boost"):
        made = _alike.function(kind, name, cls)
    else:
        made = _alike.builtin(kind.split(" ")[-1], name, home or cls.__module__)
        if kind.startswith("method "):
            made = _alike.instancemethod(made)
    setattr(cls, name, staticmethod(made) if kind.split(" ")[0] in ("capsule", "record", "nb_func") else made)


class Pybind(type):
    """pybind11's metaclass: its methods come from the class as they lie there."""

    def __getattribute__(cls, name):
        for base in type.__getattribute__(cls, "__mro__"):
            found = type.__getattribute__(base, "__dict__").get(name)
            if type(found).__name__ == "instancemethod":
                return found
        return type.__getattribute__(cls, name)


nb_add = _alike.function("nb_func", "nb_add", HERE)
boost_add = _alike.function("boost", "boost_add", HERE)
capsule_add = _alike.builtin("capsule", "capsule_add", __name__)
record_add = _alike.builtin("record", "record_add", __name__)
# PyO3's `wrap_pyfunction!(f)(py)`, and one under another name.
bare_add = _alike.builtin("plain", "bare_add", None)
other_name = _alike.builtin("plain", "own_name", None)


class Nano:
    class Inner:
        pass


class Base:
    """Has no name that leads to it."""


for cls in (Nano, Nano.Inner, Base):
    method_of(cls, "nb_method", "scale")
    method_of(cls, "nb_func", "make")


class Derived(Base):
    def __eq__(self, other):
        return type(other) is Derived

    __hash__ = None


del Base


class Record(metaclass=Pybind):
    class Inner(metaclass=Pybind):
        pass


class Capsule(metaclass=Pybind):
    def __eq__(self, other):
        return type(other) is Capsule

    __hash__ = None


for cls, kind in ((Record, "record"), (Record.Inner, "record"), (Capsule, "capsule")):
    method_of(cls, f"method {kind}", "scale")
    method_of(cls, kind, "make")


class Boost:
    pass


method_of(Boost, "boost", "scale")

# As PyO3 leaves it: with a bare name, in no `sys.modules`, and with classes that say `builtins`.
sub = types.ModuleType("sub")
sub.add = _alike.builtin("plain", "add", "sub")
sub.nb_add = _alike.function("nb_func", "nb_add", sub)
sub.Point = _alike.native_class("builtins.Point")
sub.deep = types.ModuleType("deep")
sub.deep.add = _alike.builtin("plain", "add", "deep")
del cls, kind
