"""Memory ends: Python's allocators fail, all of them from some moment on, or one of them once."""

import gc
import sys
import weakref

from death import doomed
from kit import PYPY, attempt, attack, check, collect, note, probe, skip

try:
    import _testcapi
except (ImportError, OSError):
    # PyPy would compile it first.
    _testcapi = None


def without(act, first=0, last=0):
    """Calls with every allocation failing from the first on, until the last; 0: for ever."""
    if PYPY or not hasattr(_testcapi, "set_nomemory"):
        skip("no way to take memory away")
    _testcapi.set_nomemory(first, last)
    try:
        return act()
    finally:
        _testcapi.remove_mem_hooks()


def each(act, most=60):
    """Each allocation fails once; what comes of it is a value, MemoryError or a refusal."""
    for n in range(most):
        attack_quietly(act, n)


def attack_quietly(act, n):
    try:
        without(act, n, n + 1)
    except (MemoryError, TypeError, RuntimeError, AttributeError):
        pass
    except SystemError:
        # CPython has these itself where memory ends; the fault driver tells whose it is.
        note("SystemError at", n)
    except BaseException as error:
        # PyO3 panics where it gets no object from Python.
        if type(error).__name__ != "PanicException" or "null" not in str(error):
            raise
        note("PyO3 panics at", n)


@attempt("mortal")
def a_class_is_collected(p):
    gc.disable()
    cls = doomed(p)
    address = id(cls)
    references = [weakref.ref(cls, lambda _: None), weakref.ref(cls, lambda _: None)]
    collector = gc.collect
    del cls
    try:
        without(collector)
    except MemoryError:
        pass
    gc.enable()
    references.clear()
    collect()
    probe(p, address)


@attempt("mortal bare")
def a_class_that_its_garbage_published(p):
    gc.disable()
    cls = p.bare()
    thing = p.new(cls, 3)
    address = id(cls)
    extra = []
    if PYPY or not hasattr(_testcapi, "set_nomemory"):
        skip("no way to take memory away")
    nothing_left = _testcapi.set_nomemory

    class Publisher:
        def __del__(self):
            p.publish(self.kept)
            p.reads(p.new(self.kept, 3), 3)
            extra.append(weakref.ref(self.kept, lambda _: None))
            extra.append(weakref.ref(self.kept, lambda _: None))
            nothing_left(0)

    publisher = Publisher()
    publisher.kept, publisher.me = cls, publisher
    del cls, publisher, thing
    try:
        gc.collect()
    except MemoryError:
        pass
    finally:
        _testcapi.remove_mem_hooks()
    gc.enable()
    extra.clear()
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_outside_its_own_mro(p):
    """A metaclass leaves the class out of its MRO, so that it is in no cycle and dies by its count."""
    if PYPY or not hasattr(_testcapi, "set_nomemory"):
        skip("no way to take memory away")
    if "subclass" not in p.abilities:
        skip("needs subclass")
    base = p.fresh() if "heirs" not in p.abilities else p.cls

    class Meta(type(base)):
        odd = False

        def mro(cls):
            return [base, object] if Meta.odd else type.mro(cls)

    Meta.odd = True
    good, cls = attack(lambda: Meta("Odd", (base,), {"__slots__": ()}))
    if not good:
        return
    good, thing = attack(p.new, cls, 3)
    if good:
        p.reads(thing, 3)
    extra = [weakref.ref(cls, lambda _: None), weakref.ref(cls, lambda _: None)]
    address = id(cls)
    names = {"cls": cls, "thing": thing}
    del cls, thing
    try:
        without(names.clear)
    except MemoryError:
        pass
    extra.clear()
    Meta.odd = False
    collect()
    probe(p, address)


@attempt()
def an_object_is_judged(p):
    thing = p.make(3)
    for read in p.readers.values():
        each(lambda: check(read(thing) == p.value(3), "the value is right"), 12)


@attempt("mortal")
def a_cold_class_is_judged(p):
    for n in range(12):
        cls = p.fresh()
        thing = p.new(cls, 3)
        for read in p.readers.values():
            attack_quietly(lambda: read(thing), n)
        p.reads(thing, 3)


@attempt()
def an_object_is_refused(p):
    stranger = object()
    for read in p.readers.values():
        each(lambda: read(stranger), 50)
    p.refuses(stranger)


@attempt("mortal")
def a_class_is_made(p):
    if "copies" in p.abilities and "heirs" not in p.abilities:
        skip("an import makes it, in which CPython itself crashes: the fault driver tells the two apart")
    each(p.fresh, 70)
    collect()
    cls = p.fresh()
    p.reads(p.new(cls, 3), 3)


@attempt("bare")
def a_class_is_published(p):
    for n in range(30):
        cls = p.bare()
        attack_quietly(lambda: p.publish(cls), n)
        attack(p.publish, cls)
        p.reads(p.new(cls, 3), 3)
        del cls


@attempt("hold")
def an_object_is_held(p):
    thing = p.make(3)
    # The C++ participant counts what it holds before it has made the token.
    everyone, p.consumers = p.consumers, p.consumers[:2]
    for n in range(25):
        held = []
        attack_quietly(lambda: held.extend(p.hold(thing)), n)
        p.forget(held)
    p.consumers = everyone


@attempt("hold")
def what_is_held_is_let_go(p):
    thing = p.make(3)
    for n in range(15):
        held = p.hold(thing)
        attack_quietly(lambda: p.let_go(held), n)
        p.forget(held)


@attempt("wrap")
def an_object_is_wrapped(p):
    for n in range(25):
        made = []
        attack_quietly(lambda: made.append(p.own(3)), n)
        for thing in made:
            p.reads(thing, p.seed_of_own(3))


@attempt("during")
def a_borrow_ends(p):
    if PYPY or not hasattr(_testcapi, "set_nomemory"):
        skip("no way to take memory away")
    for way in p.ways().values():
        thing = p.make(3)
        for n in range(12):
            # Fails once: PyO3 panics where it gets no object, and ends the process where it can't raise that either.
            try:
                way(thing, False, lambda: _testcapi.set_nomemory(n, n + 1))
            except MemoryError:
                pass
            except BaseException as error:
                if type(error).__name__ != "PanicException" or "null" not in str(error):
                    raise
            finally:
                _testcapi.remove_mem_hooks()
            p.reads(thing, 3)


@attempt("nurse")
def a_patient_is_kept(p):
    for n in range(25):
        nurse = p.make(3)
        patient = p.patient() if hasattr(p, "patient") else p.make(4)
        attack_quietly(lambda: p.keep(nurse, patient), n)
        del nurse, patient
