"""A class dies: in the collector, by its count, with its objects, in the middle of something. Its address comes back as another
class, and no site that knew the dead one may take the stranger's objects."""

import gc
import sys
import weakref

from kit import PYPY, attempt, attack, check, collect, in_thread, probe, skip, stays


def doomed(p, seed=3):
    cls = p.fresh()
    p.warm(p.new(cls, seed), seed)
    return cls


@attempt("mortal")
def in_a_collection(p):
    cls = doomed(p)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def with_the_collector_off(p):
    gc.disable()
    cls = doomed(p)
    address = id(cls)
    del cls
    gc.collect()
    gc.enable()
    probe(p, address)


@attempt("mortal")
def with_its_objects(p):
    cls = doomed(p)
    things = [p.new(cls, seed) for seed in range(3)]
    address = id(cls)
    if "__dict__" in dir(things[0]):
        things[0].others = things
    del cls, things
    collect()
    probe(p, address)


@attempt("mortal")
def two_that_refer_to_each_other(p):
    one, two = doomed(p), doomed(p)
    for cls, other in (one, two), (two, one):
        attack(setattr, cls, "other", other)
    addresses = id(one), id(two)
    del one, two, cls, other
    collect()
    for address in addresses:
        probe(p, address)


@attempt("mortal")
def one_that_refers_to_itself_and_its_object(p):
    cls = doomed(p)
    attack(setattr, cls, "me", cls)
    thing = p.new(cls, 4)
    # What the collector can't see keeps its class for ever: that is no fault.
    if PYPY or (gc.is_tracked(thing) and not stays(p, cls)):
        attack(setattr, cls, "thing", thing)
    del thing
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def a_hundred_in_a_row(p):
    addresses = []
    for seed in range(100):
        cls = doomed(p, seed)
        addresses.append(id(cls))
        del cls
        if seed % 7 == 0:
            gc.collect()
    collect()
    probe(p, addresses[-1])


@attempt("mortal")
def in_the_order_of_their_making(p):
    classes = [doomed(p, seed) for seed in range(20)]
    before = p.records()
    while classes:
        address = id(classes[0])
        del classes[0]
        gc.collect()
    check(p.records() <= before, "no record is new")
    probe(p, address)


@attempt("mortal")
def from_the_generation_that_is_frozen(p):
    if not hasattr(gc, "freeze"):
        skip("gc.freeze is CPython's")
    cls = doomed(p)
    address = id(cls)
    gc.freeze()
    del cls
    gc.collect()
    p.works()
    gc.unfreeze()
    collect()
    probe(p, address)


@attempt("mortal")
def and_stands_in_the_garbage(p):
    if PYPY:
        skip("gc.garbage is CPython's")
    cls = doomed(p)
    address = id(cls)
    del cls
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    # It is alive: the collector has only looked at it.
    for each in gc.garbage:
        if isinstance(each, type) and id(each) == address:
            attack(lambda: p.reads(p.new(each, 5), 5))
    each = None
    gc.garbage.clear()
    collect()
    probe(p, address)


@attempt("mortal")
def on_another_thread(p):
    holder = [doomed(p)]
    address = id(holder[0])

    def drop():
        holder.clear()
        gc.collect()

    in_thread(drop)
    collect()
    probe(p, address)


@attempt("mortal")
def while_its_creator_waits_in_a_sort(p):
    holder = [doomed(p)]
    address = id(holder[0])

    def key(_):
        holder.clear()
        return gc.collect() or 0

    sorted([1, 2], key=key)
    probe(p, address)


@attempt("mortal")
def in_a_comparison(p):
    holder = [doomed(p)]
    address = id(holder[0])

    class Odd:
        def __eq__(self, other):
            holder.clear()
            gc.collect()
            return False

        __hash__ = None

    [Odd()].count(3)
    probe(p, address)


@attempt("mortal")
def in_a_deallocation(p):
    holder = [doomed(p)]
    address = id(holder[0])

    class Last:
        def __del__(self):
            holder.clear()
            gc.collect()

    last = Last()
    del last
    collect()
    probe(p, address)


@attempt("mortal")
def in_a_callback_of_the_collector(p):
    if not hasattr(gc, "callbacks"):
        skip("no callbacks")
    holder = [doomed(p)]
    address = id(holder[0])

    def callback(phase, _):
        holder.clear()
        if phase == "stop":
            attack(p.make, 1)

    gc.callbacks.append(callback)
    gc.collect()
    gc.callbacks.remove(callback)
    collect()
    probe(p, address)


@attempt("mortal")
def with_every_callback_called_by_hand(p):
    cls = doomed(p)
    for reference in weakref.getweakrefs(cls):
        if reference.__callback__ is not None:
            for arguments in ((), (reference,), (None,), (weakref.ref(int),), (cls,), (reference, reference)):
                attack(reference.__callback__, *arguments)
    p.reads(p.new(cls, 6), 6)
    reference = None
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def whose_callbacks_are_kept(p):
    cls = doomed(p)
    kept = [reference.__callback__ for reference in weakref.getweakrefs(cls)]
    references = weakref.getweakrefs(cls)
    address = id(cls)
    del cls
    collect()
    for callback in kept:
        if callback is not None:
            attack(callback, references[0])
            attack(callback, None)
    del kept, references
    callback = None
    collect()
    probe(p, address)


@attempt("mortal")
def with_many_weak_references_of_ours(p):
    cls = doomed(p)
    fired = []
    references = [weakref.ref(cls, fired.append) for _ in range(50)]
    address = id(cls)
    del cls
    collect()
    check(PYPY or len(fired) in (0, 50), "all fired, or the class lives")
    del references
    probe(p, address)


@attempt("mortal")
def and_a_weak_callback_judges(p):
    cls = doomed(p)
    address, lives = id(cls), stays(p, cls)
    seen = []

    def callback(_):
        p.works()
        seen.append(1)

    reference = weakref.ref(cls, callback)
    del cls
    collect()
    check(reference() is None or lives, "the class is dead")
    check(seen or lives, "the callback ran")
    probe(p, address)


@attempt("mortal")
def and_a_weak_callback_makes_the_next(p):
    cls = doomed(p)
    address, lives = id(cls), stays(p, cls)
    kept = []
    reference = weakref.ref(cls, lambda _: kept.append(doomed(p, 8)))
    del cls
    collect()
    check(reference() is None or lives, "the class is dead")
    for each in kept:
        p.reads(p.new(each, 2), 2)
    each = None
    kept.clear()
    collect()
    probe(p, address)


@attempt("mortal")
def while_a_frame_of_it_is_suspended(p):
    def generate():
        cls = doomed(p)
        yield id(cls)
        yield p.new(cls, 1)

    generator = generate()
    address = next(generator)
    gc.collect()
    p.reads(next(generator), 1)
    del generator
    collect()
    probe(p, address)


@attempt("mortal bare")
def before_it_was_published(p):
    cls = p.bare()
    address = id(cls)
    del cls
    collect()
    cls = p.bare()
    p.publish(cls)
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("bare")
def published_twice(p):
    cls = p.bare()
    for _ in range(3):
        attack(p.publish, cls)
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("bare")
def objects_from_before_the_publishing(p):
    cls = p.bare()
    early = p.new(cls, 3)
    p.refuses(early)
    p.publish(cls)
    p.reads(early, 3)
    check(attack(next(iter(p.readers.values())), early)[0], "it is read now")
    address = id(cls)
    del cls, early
    collect()
    probe(p, address)
