"""Objects, classes and what belongs to them are copied, pickled, compared, hashed, serialised and described."""

import copy
import copyreg
import pickle
import sys

from death import doomed
from kit import PYPY, attempt, attack, check, collect, probe, skip


def offered(p, made, seed=3):
    """A copy is an object with the value, or is refused."""
    good, thing = made
    if not good:
        return
    good, found = attack(next(iter(p.readers.values())), thing)
    # PyPy's `object.__new__` makes objects of C classes, with zeros in them.
    empty = (bytes(16),) if PYPY else ()
    check(not good or found in (p.value(seed), seed, p.value(0), 0, *empty), "a copy has the value, none, or is refused")
    if not good:
        p.refuses(thing)


@attempt(each=range(0, 6))
def an_object_is_pickled(p, protocol):
    thing = p.make(3)
    good, data = attack(pickle.dumps, thing, protocol)
    if good:
        offered(p, attack(pickle.loads, data))
    p.reads(thing, 3)


@attempt()
def an_object_is_copied(p):
    thing = p.make(3)
    offered(p, attack(copy.copy, thing))
    offered(p, attack(copy.deepcopy, thing))
    p.reads(thing, 3)


@attempt()
def an_object_is_rebuilt_by_copyreg(p):
    thing = p.make(3)
    for arguments in ((p.cls, object, None), (p.cls, p.cls, None), (p.cls, int, 3), (object, p.cls, None), (p.cls, bytes, b"x" * 16)):
        offered(p, attack(copyreg._reconstructor, *arguments))
    offered(p, attack(copyreg.__newobj__, p.cls))
    offered(p, attack(lambda: thing.__reduce_ex__(2)[0](*thing.__reduce_ex__(2)[1])))


@attempt("subclass")
def an_heir_is_pickled(p):
    class Heir(p.cls):
        def __reduce__(self):
            return object.__new__, (Heir,)

    Heir.__qualname__ = "Heir"
    globals()["Heir"] = Heir
    thing = p.new(Heir, 3)
    offered(p, attack(lambda: copy.copy(thing)))
    good, data = attack(pickle.dumps, thing)
    if good:
        offered(p, attack(pickle.loads, data))
    p.reads(thing, 3)
    del globals()["Heir"]


@attempt("subclass")
def an_heir_is_given_a_state(p):
    class Heir(p.cls):
        pass

    thing = p.new(Heir, 3)
    for state in ({}, {"x": 1}, None, (None, {"a": 1}), {"__class__": int}):
        attack(getattr(thing, "__setstate__", lambda _: None), state)
    attack(lambda: vars(thing).update({"x": 2, "__interbind_v1__": 3, "__class__": int}))
    p.reads(thing, 3)
    attack(lambda: setattr(thing, "__dict__", {"value": 1}))
    p.reads(thing, 3)


@attempt("mortal")
def a_class_is_copied(p):
    cls = doomed(p)
    ways = [lambda: copy.copy(cls), lambda: copy.deepcopy(cls), lambda: pickle.loads(pickle.dumps(cls))]
    if not PYPY:
        # There a class gets the constructor in C with the names, and objects that are too small for it.
        ways.append(lambda: type(cls)(cls.__name__, cls.__bases__, dict(vars(cls))))
    for make in ways:
        good, clone = attack(make)
        if good and clone is not cls:
            good, thing = attack(p.new, clone, 3)
            if good:
                offered(p, (True, thing))
    address = id(cls)
    del cls, make, ways
    clone = thing = None
    collect()
    probe(p, address)


@attempt()
def a_module_is_copied(p):
    for module in p.modules:
        attack(copy.copy, module)
        attack(copy.deepcopy, module)
        attack(pickle.dumps, module)
        good, other = attack(lambda: type(module)("other"))
        if good:
            vars(other).update(vars(module))
    p.works()


@attempt()
def functions_are_copied_and_called(p):
    thing = p.make(3)
    for module in p.modules:
        for value in list(vars(module).values()):
            if callable(value) and not isinstance(value, type):
                good, clone = attack(copy.copy, value)
                attack(pickle.dumps, value)
                for name in ("__self__", "__module__", "__name__", "__doc__", "__code__", "__globals__"):
                    attack(getattr, value, name)
                attack(lambda: value.__reduce_ex__(2))
    p.reads(thing, 3)


@attempt()
def operators_on_an_object(p):
    import operator

    thing = p.make(3)
    for name in dir(operator):
        function = getattr(operator, name)
        if callable(function) and not name.startswith("_"):
            attack(function, thing)
            attack(function, thing, thing)
            attack(function, thing, 1)
    for function in (repr, str, hash, len, iter, bool, float, int, bytes, memoryview, complex, dir, vars, abs, sorted, format):
        attack(function, thing)
    p.reads(thing, 3)


@attempt()
def attributes_of_an_object(p):
    thing = p.make(3)
    for name in ("x", "y", "value", "data", "peek", "__dict__", "__weakref__", "__class__", "__interbind_v1__", "borrows"):
        attack(getattr, thing, name)
        if name not in ("x", "y"):
            attack(delattr, thing, name)
    p.reads(thing, 3)


@attempt()
def methods_are_called_on_strangers(p):
    class Stranger:
        __slots__ = ("a", "b", "c", "d")

    # PyPy calls a constructor in C with whatever it is given as the class.
    left_out = ("__new__",) if PYPY else ()
    for name in dir(p.cls):
        method = getattr(p.cls, name)
        if callable(method) and name not in ("__class__", "__subclasshook__", "__init_subclass__", *left_out):
            for self in (object(), Stranger(), 5, None, "x"):
                attack(method, self)
                attack(method, self, 1)
    for name, descriptor in vars(p.cls).items():
        if hasattr(descriptor, "__get__"):
            attack(lambda: descriptor.__get__(Stranger(), Stranger))
            attack(lambda: descriptor.__get__(object(), p.cls))
        if hasattr(descriptor, "__set__"):
            attack(lambda: descriptor.__set__(Stranger(), 1))
    p.works()


@attempt()
def slots_of_the_class_are_called(p):
    thing = p.make(3)
    # As above.
    left_out = ("__new__",) if PYPY else ()
    for base in p.cls.__mro__:
        for name, value in list(vars(base).items()):
            if type(value).__name__ in ("wrapper_descriptor", "method_descriptor", "builtin_function_or_method") and name != "__del__":
                for arguments in ((), (thing,), (thing, thing), (thing, None), (thing, "x", 1)):
                    if name not in ("__setattr__", "__delattr__", "__init__", *left_out):
                        attack(value, *arguments)
    p.reads(thing, 3)


@attempt("subclass")
def new_is_called_by_hand(p):
    ways = [
        lambda: object.__new__(p.cls),
        lambda: p.cls.__new__(p.cls),
        lambda: p.cls.__new__(type("Heir", (p.cls,), {})),
        lambda: type.__call__(p.cls),
        lambda: p.cls.__new__(),
    ]
    if not PYPY:
        # As above.
        ways += [lambda: p.cls.__new__(object), lambda: p.cls.__new__(int), lambda: p.cls.__new__(None)]
    for make in ways:
        good, thing = attack(make)
        if good:
            # Empty or zero, never anything else.
            for read in p.readers.values():
                good, found = attack(read, thing)
                check(not good or found in (p.value(0), bytes(16), 0, 0.0), "an empty object has no value, or zero")


@attempt()
def init_is_called_again(p):
    thing = p.make(3)
    for arguments in ((), (1,), (1.0, 2.0), (None,), (b"x" * 16,), (3,)):
        attack(thing.__init__, *arguments)
        attack(p.cls.__init__, thing, *arguments)
    for read in p.readers.values():
        good, found = attack(read, thing)
        check(not good or found in (p.value(3), 3, 1, b"x" * 16), "the value is one that was given")
