"""What only the C++ layer offers: several shapes of objects under one Python layout, ownership that is taken away, nurses that
point into their patients."""

import functools
import gc
import sys
import weakref

from kit import attempt, attack, check, collect, in_thread, note, short, together


@attempt(only="layer-indirect")
def a_small_object_gets_the_class_of_a_large_one(p):
    thing = p.make(3)
    good, _ = attack(setattr, thing, "__class__", p.module.Large)
    for read in (p.module.of_large, p.module.of_indirect, p.other.of_large, lambda each: each.x):
        good, found = attack(read, thing)
        check(not good or found == 3, f"the number is 3, not {short(found)}")


@attempt(only="layer")
def any_object_gets_any_class(p):
    classes = [p.module.Inline, p.module.Indirect, p.module.Large, p.module.Payload, p.module.Collected, p.module.Frozen]
    names = ["of_inline", "of_indirect", "of_large", "of_payload", "of_collected", "of_frozen"]
    for cls in classes:
        thing = p.make(3)
        attack(setattr, thing, "__class__", cls)
        for name in names:
            good, found = attack(getattr(p.module, name), thing)
            check(not good or found == 3, f"the number is 3, not {short(found)}")
        good, found = attack(lambda: thing.x)
        check(not good or found == 3, f"the number is 3, not {short(found)}")
        attack(setattr, thing, "x", 3)


@attempt(only="layer")
def an_heir_gets_any_class(p):
    heirs = [type("Heir", (cls,), {"__slots__": ()}) for cls in
             (p.module.Inline, p.module.Indirect, p.module.Large, p.module.Payload, p.module.Collected, p.module.Frozen)]
    own = type("Own", (p.cls,), {"__slots__": ()})
    for heir in heirs:
        thing = own(3)
        attack(setattr, thing, "__class__", heir)
        for name in ("of_inline", "of_indirect", "of_large", "of_payload", "of_collected", "of_frozen"):
            good, found = attack(getattr(p.module, name), thing)
            check(not good or found == 3, f"the number is 3, not {short(found)}")


@attempt(only="layer")
def two_shapes_are_both_bases(p):
    for other in (p.module.Inline, p.module.Indirect, p.module.Large, p.module.Payload, p.module.Collected, p.module.Frozen):
        if other is p.cls:
            continue
        for bases in ((p.cls, other), (other, p.cls)):
            good, both = attack(lambda: type("Both", bases, {}))
            if good:
                good, thing = attack(both, 3)
                if good:
                    for name in ("of_inline", "of_indirect", "of_large", "of_payload", "of_collected", "of_frozen"):
                        good, found = attack(getattr(p.module, name), thing)
                        check(not good or found == 3, f"the number is 3, not {short(found)}")


@attempt(only="layer-frozen")
def an_argument_takes_the_object_away(p):
    for name, special in (("with_float", "__float__"), ("with_int", "__index__")):
        thing = p.make(3)

        def take(self):
            attack(p.module.swallow, thing)
            junk = [p.make(666) for _ in range(50)]
            return float(len(junk)) if special == "__float__" else len(junk)

        number = type("Number", (int,), {special: take})()
        good, found = attack(getattr(p.module, name), thing, number)
        check(not good or found == 3, f"the number is 3, not {short(found)}")
        for read in p.readers.values():
            good, found = attack(read, thing)
            check(not good or found == 3, f"the number is 3, not {short(found)}")


@attempt(only="layer-frozen")
def an_argument_calls_the_function_again(p):
    """No code of Python is between: a `partial` calls what it has without counting."""
    thing = p.make(3)
    for call, before in ((p.module.with_float, (thing,)), (p.module.Point, (1.0,))):
        number = type("Number", (int,), {})(5)
        endless = functools.partial(call, *before, number)
        # Where a `partial` is a method, it would get the number once more.
        type(number).__float__ = staticmethod(endless)
        good, error = attack(call, *before, number)
        check(not good and isinstance(error, RecursionError), f"an endless call ends, not with {short(error)}")
        check(p.module.with_float(thing, 1.0) == 3, "a good call is one")


@attempt(only="layer-frozen")
def an_object_is_taken_away_and_used(p):
    thing = p.make(3)
    good, found = attack(p.module.swallow, thing)
    check(not good or found == 3, "the number is 3")
    for read in {**p.readers, "x": lambda each: each.x}.values():
        good, found = attack(read, thing)
        check(not good or found == 3, "the number is 3")
    attack(p.module.swallow, thing)
    attack(p.other.swallow, thing)
    attack(thing.__init__, 4)


@attempt(only="layer-frozen", imports="interbind_consumer interbind_raw_consumer interbind_c_consumer")
def a_shared_point_is_taken_away_in_a_borrow(p):
    """Rust code of another module reads a frozen point while Python code gives it away."""
    import struct

    from adapters import optional

    for name in ("interbind_consumer", "interbind_raw_consumer", "interbind_c_consumer"):
        consumer = optional(name)
        if consumer is None:
            continue
        point = p.module.Point(1.0, 2.0)

        def take():
            attack(p.module.swallow_point, point)
            return [p.module.Point(666.0, 777.0) for _ in range(50)]

        good, found = attack(consumer.during, "point2d", point, False, take)
        check(not good or found == struct.pack("dd", 1.0, 2.0), f"the point is (1, 2), not {short(found)}")
        held_good, token = attack(consumer.hold, "point2d", p.module.Point(1.0, 2.0))
        if held_good:
            good, found = attack(consumer.read_held, token)
            check(not good or found == struct.pack("dd", 1.0, 2.0), f"the point is (1, 2), not {short(found)}")
            attack(consumer.let_go, token)


@attempt(only="layer-frozen")
def two_threads_take_it_away(p):
    for _ in range(30):
        thing = p.make(3)
        taken = []

        def take():
            good, found = attack(p.module.swallow, thing)
            if good:
                check(found == 3, "the number is 3")
                taken.append(1)

        together(take, take, take)
        check(len(taken) <= 1, "one takes it")


@attempt(only="layer-frozen")
def an_init_again_after_it_was_taken_away(p):
    for _ in range(20):
        thing = p.make(3)
        attack(p.module.swallow, thing)
        attack(thing.__init__, 4)
        for read in p.readers.values():
            good, found = attack(read, thing)
            check(not good or found in (3, 4), "the number is one that was given")


@attempt(only="layer-collected")
def a_patient_is_put_twice(p):
    nurse = p.make(3)
    one, two = p.patient(), p.module.Payload(8)
    for patient in (one, two, one, None, two):
        attack(nurse.put, patient)
        good, found = attack(nurse.get)
        check(not good or found in (0, 8, 9), "the patient's number")
    del one, two, patient
    collect()
    good, found = attack(nurse.get)
    check(not good or found in (0, 8, 9), "the patient's number")


@attempt(only="layer-collected")
def a_nurse_is_found_in_its_finaliser(p):
    gc.disable()
    found = []

    class Finder:
        __slots__ = ()

        def __del__(self):
            nurse = type(self).nurse
            found.append(nurse.get())

    def build():
        # The collector clears the nurse first: it is the oldest.
        nurse = p.make(3)

        class Plain:
            pass

        class Own(Finder):
            __slots__ = ()

        nurse.put(p.patient())
        plain = Plain()
        Own.nurse = nurse
        plain.finder, plain.Own, plain.me = Own(), Own, plain

    build()
    gc.collect()
    gc.enable()
    note("found", found)
    check(all(value in (0, 9) for value in found), f"the nurse has its patient or none, not {found}")


@attempt(only="layer-collected")
def a_nurse_is_initialised_again(p):
    nurse = p.make(3)
    nurse.put(p.patient())
    attack(nurse.__init__, 5)
    good, found = attack(nurse.get)
    check(not good or found in (0, 9), "the patient's number")
    del nurse
    collect()


@attempt(only="layer-indirect")
def a_shared_pointer_is_kept_past_its_object(p):
    thing = p.make(3)
    attack(p.module.keep, thing)
    p.reads(thing, 3)
    del thing
    collect()
    attack(in_thread, p.module.unkeep)
    attack(p.module.unkeep)


@attempt(only="layer")
def properties_of_other_shapes(p):
    descriptors = [vars(cls)["x"] for cls in (p.module.Inline, p.module.Indirect, p.module.Large, p.module.Payload,
                                              p.module.Collected, p.module.Frozen) if "x" in vars(cls)]
    thing = p.make(3)
    for descriptor in descriptors:
        good, found = attack(lambda: descriptor.__get__(thing))
        check(not good or found == 3, f"the number is 3, not {short(found)}")
        attack(lambda: descriptor.__get__(object()))
        attack(lambda: descriptor.fget(thing, thing))
    p.reads(thing, 3)


@attempt(only="layer")
def another_module_s_class_of_the_same_name(p):
    thing = getattr(p.other, p.flavour.capitalize())(3)
    for read in p.readers.values():
        good, found = attack(read, thing)
        check(not good or found == 3, "the number is 3")
    attack(setattr, thing, "__class__", p.cls)
    attack(setattr, p.make(4), "__class__", type(thing))
    for read in p.readers.values():
        good, found = attack(read, thing)
        check(not good or found == 3, "the number is 3")
