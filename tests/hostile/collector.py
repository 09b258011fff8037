"""The collector: at every allocation, in every function, looking at and taking apart what is ours."""

import gc
import sys

from death import doomed
from kit import PYPY, attempt, attack, check, collect, needs_thresholds, probe, skip


@attempt("mortal", each=(1, 2, 3, 5, 8, 13, 21, 34))
def at_every_so_many_allocations(p, threshold):
    needs_thresholds()
    gc.set_threshold(threshold, 1, 1)
    for seed in range(20):
        cls = p.fresh()
        thing = p.new(cls, seed)
        p.reads(thing, seed)
        p.refuses(object())
        if "__dict__" in dir(thing):
            thing.me = thing
        del cls, thing
    gc.set_threshold(700, 10, 10)


@attempt()
def what_refers_to_our_things_is_listed(p):
    thing = p.make(3)
    for each in [thing, p.cls, *p.modules]:
        gc.get_referrers(each)
        gc.get_referents(each)
    p.reads(thing, 3)


@attempt()
def everything_is_asked_for_its_repr(p):
    for each in gc.get_objects():
        if "interbind" in f"{type(each).__name__} {type(each).__module__}":
            attack(repr, each)
            attack(dir, each)
            attack(hash, each)


@attempt("mortal")
def everything_of_ours_is_called(p):
    cls = doomed(p)
    for each in gc.get_objects():
        if str(type(each).__module__).startswith("interbind") and callable(each) and not isinstance(each, type):
            attack(each)
            attack(each, None)
            attack(each, cls)
    each = None
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_is_collected_in_every_reader(p):
    class Evil:
        def __getattribute__(self, name):
            gc.collect()
            return object.__getattribute__(self, name)

    cls = doomed(p)
    address = id(cls)
    del cls
    p.refuses(Evil())
    collect()
    probe(p, address)


@attempt("mortal")
def a_collection_in_a_collection(p):
    class Again:
        def __del__(self):
            gc.collect()
            p.works()

    cls = doomed(p)
    address = id(cls)
    again = Again()
    again.me, again.cls = again, cls
    del cls, again
    collect()
    probe(p, address)


@attempt("subclass")
def objects_in_cycles(p):
    class Named(p.cls):
        pass

    for seed in range(50):
        one, two = p.new(Named, seed), p.new(Named, seed)
        one.other, two.other = two, one
        p.reads(one, seed)
    del one, two
    collect()
    del Named
    collect()


@attempt()
def ten_thousand_objects(p):
    things = [p.make(seed) for seed in range(10000)]
    for seed in range(0, 10000, 997):
        p.reads(things[seed], seed)
    del things


@attempt()
def the_same_object_again_and_again(p):
    thing = p.make(3)
    reader = next(iter(p.readers.values()))
    before = sys.getrefcount(thing) if not PYPY else 0
    for _ in range(5000):
        reader(thing)
    check(PYPY or sys.getrefcount(thing) == before, "the object's references are as before")
