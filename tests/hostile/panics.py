"""Python code raises what a build raises for a panic: `PanicException`, which it gets from a panic of PyO3's own."""

import gc
import sys

from arguments import functions_of
from kit import attempt, attack, check, collect, skip, unless_pypy_ends


def panic_exceptions():
    """The classes of that name that exist: one of each module with PyO3."""
    found, todo = [], [BaseException]
    while todo:
        cls = todo.pop()
        todo.extend(cls.__subclasses__())
        if cls.__name__ == "PanicException" and cls not in found:
            found.append(cls)
    return found


def classes(p):
    found = panic_exceptions()
    if not found:
        # One of Python's own has the name, the base and the module, which is all that can be compared.
        found = [type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})]
    return found


@attempt("during")
def is_raised_in_a_borrow(p):
    for panic in classes(p):
        for way in p.ways().values():
            thing = p.make(3)

            def body():
                raise panic("not today")

            attack(way, thing, False, body)
            p.reads(thing, 3)


@attempt()
def is_raised_by_a_stranger(p):
    unless_pypy_ends("when it meets a class for the second time that raised at first")
    for panic in classes(p):

        class Meta(type):
            def __getattribute__(cls, name):
                raise panic("not today")

        class Stranger(metaclass=Meta):
            def __repr__(self):
                raise panic("not today")

        p.refuses(object.__new__(Stranger))


@attempt()
def is_raised_by_arguments(p):
    for panic in classes(p):

        class Odd:
            def __index__(self):
                raise panic("not today")

            __float__ = __str__ = __repr__ = __hash__ = __len__ = __iter__ = __bool__ = __index__

        for module in p.modules:
            for name, function in functions_of(module):
                attack(function, Odd())
                attack(function, "point2d", Odd())
    p.drop()
    p.works()


@attempt("subclass")
def is_raised_by_a_finaliser(p):
    for panic in classes(p):

        class Heir(p.cls):
            def __del__(self):
                raise panic("not today")

        for _ in range(3):
            thing = p.new(Heir, 3)
            p.reads(thing, 3)
            del thing
        collect()
        del Heir
    collect()


@attempt()
def is_raised_while_importing(p):
    from adapters import load

    for panic in classes(p):
        for n in range(1, 15):
            left = [n]

            def trace(*_):
                left[0] -= 1
                if left[0] == 0:
                    raise panic("not today")
                return trace

            sys.setprofile(trace)
            try:
                attack(load, p.modules[-1].__name__)
            except BaseException:
                pass
            finally:
                sys.setprofile(None)
    p.works()


@attempt()
def is_being_handled(p):
    for panic in classes(p):
        try:
            raise panic("not today")
        except BaseException:
            p.works()
            p.refuses(object())


@attempt(only="pyo3 raw")
def a_real_one_is_thrown_again(p):
    """A table's method panics; what Python code gets of it, it throws back through a borrow."""
    good, echo = attack(lambda: p.provider.make_as("frozen", "kinds", b""))
    if not good:
        skip("no object of the interface")
    caught = []
    for consumer in p.consumers:
        if hasattr(consumer, "call"):
            for method in ("panic", "panics", "fail", "i64", "object"):
                try:
                    consumer.call("kinds", echo, method, b"")
                except BaseException as error:
                    caught.append(error)
    for error in caught:
        for way in p.ways().values():
            thing = p.make(3)

            def body():
                raise error

            attack(way, thing, False, body)
            p.reads(thing, 3)
    error = None
    caught.clear()
    del echo
    p.drop()
    collect()
