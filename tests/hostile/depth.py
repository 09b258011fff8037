"""The recursion limit is reached: while a class dies, while one is judged, published, borrowed or refused."""

import gc
import sys
import weakref

from death import doomed
from kit import PYPY, attempt, attack, at_limit, check, collect, needs_thresholds, probe, skip, unless_pypy_ends

collector = gc.collect


def through_python(_):
    return collector()


# How the collector is reached from the last frame: each way needs another part of the limit.
WAYS = {
    "called": lambda: collector(),
    "as a key": lambda: sorted([2], key=collector),
    "of max": lambda: max((2,), key=collector),
    "mapped": lambda: list(map(collector, [2])),
    "through Python": lambda: sorted([2], key=through_python),
    "twice as a key": lambda: sorted([2], key=lambda _: sorted([2], key=collector)),
    "with an argument": lambda: collector(2),
    "unpacked": lambda: [*map(collector, (2,))],
    "next": lambda: next(map(collector, (2,))),
    "allocating": lambda: [[] for _ in range(3000)],
}


def die_at_limit(p, act, cls):
    address = id(cls)
    del cls
    at_limit(act)
    collect()
    probe(p, address)


@attempt("mortal", each=WAYS)
def a_class_dies(p, way):
    if way == "allocating":
        needs_thresholds()
    gc.collect()
    gc.disable()
    if way == "allocating":
        gc.enable()
        gc.set_threshold(50)
    holder = [doomed(p)]
    address = id(holder[0])
    act = WAYS[way]
    holder.clear()
    at_limit(act)
    gc.enable()
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_dies_by_its_last_name(p):
    holder = [doomed(p)]
    address = id(holder[0])
    at_limit(holder.clear)
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_dies_with_callbacks_of_ours_too(p):
    gc.disable()
    cls = doomed(p)
    address = id(cls)
    fired = []
    references = [weakref.ref(cls, fired.append), weakref.ref(cls, lambda _: fired.append(1))]
    del cls
    at_limit(lambda: sorted([2], key=collector))
    gc.enable()
    del references
    collect()
    probe(p, address)


@attempt()
def an_object_is_judged(p):
    thing = p.make(3)
    at_limit(lambda: p.reads(thing, 3))


@attempt("mortal")
def a_cold_class_is_judged(p):
    cls = p.fresh()
    thing = p.new(cls, 3)
    at_limit(lambda: p.reads(thing, 3))
    p.reads(thing, 3)


@attempt()
def an_object_is_refused(p):
    at_limit(lambda: p.refuses(object()))


@attempt()
def an_object_is_made_and_dies(p):
    at_limit(lambda: p.make(5))


@attempt("mortal")
def a_class_is_made(p):
    made = []
    at_limit(lambda: made.append(p.fresh()))
    for cls in made:
        p.reads(p.new(cls, 2), 2)


@attempt("bare")
def a_class_is_published(p):
    cls = p.bare()
    at_limit(lambda: attack(p.publish, cls))
    attack(p.publish, cls)
    p.reads(p.new(cls, 2), 2)


@attempt("during")
def python_code_is_called_in_a_borrow(p):
    unless_pypy_ends("at the limit of recursion")
    for way in p.ways().values():
        thing = p.make(3)

        def deeper():
            good, value = attack(way, thing, False, deeper)
            check(not good or value == p.value(3), "the value is right")

        sys.setrecursionlimit(220)
        try:
            attack(way, thing, False, deeper)
        finally:
            sys.setrecursionlimit(1000)
        p.reads(thing, 3)


@attempt("hold")
def an_object_is_held_and_let_go(p):
    thing = p.make(3)
    held = []

    def act():
        held.append(p.hold(thing))
        p.let_go(held.pop())

    at_limit(act)
    while held:
        p.let_go(held.pop())


@attempt("wrap")
def an_object_is_wrapped(p):
    made = []
    at_limit(lambda: made.append(p.own(3)))
    for thing in made:
        p.reads(thing, p.seed_of_own(3))


@attempt("nurse")
def a_nurse_dies(p):
    nurse = p.make(3)

    def patient():
        return p.patient() if hasattr(p, "patient") else p.make(4)

    p.keep(nurse, patient())
    holder = [nurse]
    del nurse
    at_limit(holder.clear)
    collect()


@attempt()
def an_extension_is_imported(p):
    from adapters import load

    name = p.modules[-1].__name__
    at_limit(lambda: attack(load, name))
    attack(load, name)
    collect()


@attempt()
def in_a_deep_pure_python_stack(p):
    unless_pypy_ends("at the limit of recursion")
    thing = p.make(3)
    sys.setrecursionlimit(400)

    def down():
        try:
            down()
        except RecursionError:
            p.reads(thing, 3)
            raise

    try:
        down()
    except RecursionError:
        pass
    finally:
        sys.setrecursionlimit(1000)
