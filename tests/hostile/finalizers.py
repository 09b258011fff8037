"""Finalizers that judge, publish, revive, and weak references that outlive what they name."""

import gc
import sys
import weakref

from death import doomed
from kit import PYPY, attempt, attack, check, collect, note, probe, rounds, skip


@attempt("subclass")
def an_object_is_revived(p):
    saved = []

    class Phoenix(p.cls):
        def __del__(self):
            if len(saved) < 3:
                saved.append(self)

    thing = p.new(Phoenix, 3)
    p.reads(thing, 3)
    del thing
    collect()
    for each in saved:
        p.reads(each, 3)
    each = None
    saved.clear()
    collect()
    del Phoenix
    collect()


@attempt("subclass")
def an_object_is_revived_out_of_a_cycle(p):
    saved = []

    class Phoenix(p.cls):
        def __del__(self):
            saved.append(self)

    thing = p.new(Phoenix, 3)
    thing.me = thing
    del thing
    collect()
    for each in saved:
        p.reads(each, 3)
        each.me = None
    each = None
    saved.clear()
    collect()


@attempt("subclass")
def an_object_is_read_by_its_finaliser(p):
    class Last(p.cls):
        def __del__(self):
            p.reads(self, 3)

    for _ in range(5):
        thing = p.new(Last, 3)
        thing.me = thing
        del thing
    collect()
    thing = p.new(Last, 3)
    del thing
    collect()
    del Last


@attempt("subclass hold")
def an_object_is_held_by_its_finaliser(p):
    held = []

    class Last(p.cls):
        def __del__(self):
            good, token = attack(p.hold, self)
            if good:
                held.append(token)

    thing = p.new(Last, 3)
    del thing
    collect()
    for each in held:
        good, values = attack(p.read_held, each)
        check(not good or all(value == p.value(3) for value in values), "what is held is right")
        attack(p.let_go, each)
    held.clear()
    collect()


@attempt("mortal")
def a_finaliser_makes_and_drops_classes(p):
    class Maker:
        def __del__(self):
            doomed(p)
            gc.collect()

    cls = doomed(p)
    maker = Maker()
    maker.me, maker.cls = maker, cls
    address = id(cls)
    del maker, cls
    collect()
    probe(p, address)


@attempt("bare")
def a_finaliser_publishes_its_garbage(p):
    cls = p.bare()
    address = id(cls)

    class Publisher:
        def __del__(self):
            attack(p.publish, self.cls)

    publisher = Publisher()
    publisher.me, publisher.cls = publisher, cls
    del publisher, cls
    collect()
    collect()
    probe(p, address)


@attempt("mortal")
def a_finaliser_raises(p):
    class Raiser:
        def __del__(self):
            raise RuntimeError("not today")

    cls = doomed(p)
    attack(setattr, cls, "raiser", Raiser())
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("weakref")
def a_weak_reference_is_cleared(p):
    for _ in range(rounds(300)):
        thing = p.make(3)
        reference = weakref.ref(thing)
        del thing
        junk = [bytearray(b"\xff" * size) for size in (24, 40, 56, 72, 88)]
        collect() if PYPY else None
        check(reference() is None, "the reference is cleared")
        del junk, reference


@attempt("subclass")
def a_weak_reference_of_an_heir_is_cleared(p):
    class Heir(p.cls):
        pass

    for _ in range(rounds(300)):
        thing = p.new(Heir, 3)
        reference = weakref.ref(thing)
        del thing
        junk = [bytearray(b"\xff" * size) for size in (24, 40, 56, 72, 88, 104)]
        if PYPY:
            collect()
        check(reference() is None, "the reference is cleared")
        del junk, reference


@attempt("subclass")
def a_weak_reference_of_a_slotted_heir_is_cleared(p):
    good, heir = attack(lambda: type("Heir", (p.cls,), {"__slots__": ("a",) if "weakref" in p.abilities else ("__weakref__",)}))
    if not good:
        return
    fired = []
    for _ in range(100):
        thing = p.new(heir, 3)
        reference = weakref.ref(thing, fired.append)
        del thing
        if PYPY:
            collect()
        check(reference() is None, "the reference is cleared")
        del reference
    check(len(fired) == 100, "each callback ran")


@attempt("subclass")
def a_weak_callback_reads_others(p):
    class Heir(p.cls):
        pass

    other = p.make(4)
    seen = []

    def callback(_):
        p.reads(other, 4)
        p.make(5)
        gc.collect()
        seen.append(1)

    things = [p.new(Heir, 3) for _ in range(10)]
    references = [weakref.ref(thing, callback) for thing in things]
    things.clear()
    collect()
    check(len(seen) == 10, "each callback ran")
    references.clear()


@attempt("subclass")
def a_weak_dictionary_of_objects(p):
    class Heir(p.cls):
        pass

    known = weakref.WeakValueDictionary()
    things = []
    for seed in range(200):
        thing = p.new(Heir, seed)
        known[seed] = thing
        if seed % 3 == 0:
            things.append(thing)
    del thing
    collect()
    for seed, thing in list(known.items()):
        p.reads(thing, seed)
    del thing, things
    collect()
    check(not known, "all are gone")


@attempt("subclass")
def a_finalize_of_weakref(p):
    class Heir(p.cls):
        pass

    seen = []
    thing = p.new(Heir, 3)
    weakref.finalize(thing, lambda: (gc.collect(), p.make(1), seen.append(1)))
    del thing
    collect()
    check(seen, "it ran")


@attempt("subclass")
def a_proxy_is_offered(p):
    class Heir(p.cls):
        pass

    thing = p.new(Heir, 3)
    proxy = weakref.proxy(thing)
    p.refuses(proxy)
    del thing
    collect()
    p.refuses(proxy)


@attempt("collected nurse")
def a_nurse_is_seen_by_what_dies_with_it(p):
    """A callback of the same collection looks for the nurse after it was cleared."""
    if PYPY:
        skip("objects of C are no part of circles that PyPy collects")
    if not hasattr(p, "patient"):
        skip("its nurses don't point into their patients")
    gc.disable()
    found, kept = [], []

    def on_death(_):
        for each in [each for each in gc.get_objects() if type(each) is p.cls]:
            junk = [p.module.Payload(0x4141) for _ in range(50)]
            found.append(each.get())
            del junk

    def build():
        class First:
            pass

        class Second:
            pass

        # The collector clears in the order of their age: the nurse, what holds the code, what holds the nurse.
        nurse = p.make(3)
        two, one = Second(), First()
        nurse.put(p.patient())
        one.nurse = nurse
        one.me, two.one, one.two = one, one, two
        two.code = compile("1", "f", "eval")
        kept.append(weakref.ref(two.code, on_death))

    build()
    gc.collect()
    gc.enable()
    note("found", found)
    check(all(value in (0, 9) for value in found), f"the nurse has its patient or none, not {found}")
    kept.clear()


@attempt("collected nurse")
def a_patient_knows_its_nurse(p):
    nurse = p.make(3)
    patient = p.patient() if hasattr(p, "patient") else p.make(4)
    p.keep(nurse, patient)
    if hasattr(patient, "__dict__"):
        patient.nurse = nurse
    del nurse, patient
    collect()


@attempt("nurse")
def a_thousand_patients(p):
    nurse = p.make(3)
    for _ in range(1000):
        p.keep(nurse, p.patient() if hasattr(p, "patient") else p.make(4))
    p.reads(nurse, 3)
    del nurse
    collect()


@attempt("nurse")
def a_chain_of_nurses(p):
    if hasattr(p, "patient"):
        skip("its patients are no nurses")
    first = nurse = p.make(0)
    for seed in range(1, 2000):
        patient = p.make(seed)
        p.keep(nurse, patient)
        nurse = patient
    del nurse, patient
    p.reads(first, 0)
    del first
    collect()


@attempt("nurse subclass")
def a_nurse_is_revived(p):
    saved = []

    class Phoenix(p.cls):
        def __del__(self):
            if not saved:
                saved.append(self)

    nurse = p.new(Phoenix, 3)
    p.keep(nurse, p.patient() if hasattr(p, "patient") else p.make(4))
    nurse.me = nurse
    del nurse
    collect()
    for each in saved:
        p.reads(each, 3)
        if hasattr(each, "get"):
            check(each.get() in (0, 9), "it has its patient, or none")
        each.me = None
    each = None
    saved.clear()
    collect()
