"""Python code runs while an object is borrowed: it borrows again, gives up, changes, ends and raises."""

import gc
import sys

from death import doomed
from kit import attempt, attack, check, collect, in_thread, needs_thresholds, probe, short


def each_way(p, body, exclusive=False, seed=3):
    """Runs the body in a borrow of a new object, in every way that the provider has. The value is right or refused."""
    for way in p.ways().values():
        thing = p.make(seed)
        good, found = attack(way, thing, exclusive, lambda: body(thing))
        check(not good or found == p.value(seed), f"the value is right, not {short(found)}")
        p.reads(thing, seed)


@attempt("during")
def the_same_object_is_read(p):
    each_way(p, lambda thing: p.reads(thing, 3))


@attempt("during")
def the_same_object_is_borrowed_deeper(p):
    def deeper(thing, left=20):
        if left:
            for way in p.ways().values():
                attack(way, thing, False, lambda: deeper(thing, left - 10))

    each_way(p, deeper)


@attempt("during write")
def the_same_object_is_written(p):
    def write(thing):
        good, _ = attack(p.write, thing, 9)
        if "tracked" in p.abilities or p.flavour == "unsendable":
            check(not good, "a borrow excludes a writer")

    if p.flavour == "frozen":
        each_way(p, lambda thing: check(not attack(p.write, thing, 9)[0], "it is frozen"))
    else:
        each_way(p, write)


@attempt("during write")
def the_same_object_is_borrowed_exclusively(p):
    each_way(p, lambda thing: p.reads(thing, 3), exclusive=True)
    each_way(p, lambda thing: attack(p.write, thing, 4), exclusive=True)


@attempt("during")
def a_borrow_ends_in_an_exception(p):
    for error in (ValueError("x"), KeyboardInterrupt(), SystemExit(3), GeneratorExit(), StopIteration(), MemoryError()):
        for way in p.ways().values():
            thing = p.make(3)

            def fail():
                raise error

            try:
                way(thing, False, fail)
            except BaseException as raised:
                check(not isinstance(raised, SystemError), "the exception has a word")
            p.reads(thing, 3)
            if "write" in p.abilities and p.flavour != "frozen":
                attack(p.write, thing, 3)
                p.reads(thing, 3)


@attempt("during")
def every_name_of_the_object_is_given_up(p):
    for way in p.ways().values():
        names = [p.make(3)]

        def give_up():
            names.clear()
            gc.collect()
            junk = [p.make(666) for _ in range(50)]
            return len(junk)

        good, found = attack(lambda: way(names[0], False, give_up))
        check(not good or found == p.value(3), f"the value is right, not {short(found)}")


@attempt("during mortal")
def the_class_is_given_up(p):
    for way in p.ways().values():
        cls = doomed(p)
        address = id(cls)
        names = [p.new(cls, 3), cls]
        del cls

        def give_up():
            names.clear()
            gc.collect()

        good, found = attack(lambda: way(names[0], False, give_up))
        check(not good or found == p.value(3), f"the value is right, not {short(found)}")
        collect()
    probe(p, address)


@attempt("during subclass")
def the_object_changes_its_class(p):
    class One(p.cls):
        __slots__ = ()

    class Two(p.cls):
        __slots__ = ()

    for way in p.ways().values():
        thing = p.new(One, 3)
        good, found = attack(way, thing, False, lambda: attack(setattr, thing, "__class__", Two))
        check(not good or found == p.value(3), "the value is right")
        p.reads(thing, 3)


@attempt("during")
def modules_are_taken_out_and_imported_again(p):
    def forget(thing):
        kept = dict(sys.modules)
        for module in p.modules:
            sys.modules.pop(module.__name__, None)
        gc.collect()
        for module in p.modules:
            attack(__import__, module.__name__)
        sys.modules.update(kept)

    each_way(p, forget)


@attempt("during")
def another_thread_borrows(p):
    each_way(p, lambda thing: in_thread(lambda: p.reads(thing, 3)))


@attempt("during")
def a_generator_is_left_in_a_borrow(p):
    def body(thing):
        def generate():
            yield 1
            p.reads(thing, 3)

        generator = generate()
        next(generator)
        generator.close()

    each_way(p, body)


@attempt("during")
def a_greenlet_like_switch(p):
    """Two borrows end in another order than they began: a thread leaves first what it began last."""
    import threading

    first, second = threading.Event(), threading.Event()
    thing = p.make(3)
    ways = list(p.ways().values())

    def outer():
        def body():
            first.set()
            second.wait(5)

        good, found = attack(ways[0], thing, False, body)
        check(not good or found == p.value(3), "the value is right")

    def inner():
        first.wait(5)

        def body():
            second.set()

        good, found = attack(ways[-1], thing, False, body)
        check(not good or found == p.value(3), "the value is right")
        second.set()

    from kit import together

    together(outer, inner)
    p.reads(thing, 3)


@attempt("during")
def the_function_is_nothing_to_call(p):
    for way in p.ways().values():
        for odd in (None, 5, "x", object(), p.cls):
            thing = p.make(3)
            if p.kind.startswith("layer"):
                attack(way, thing, False, lambda: None)
            else:
                attack(way, thing, False, odd)
            p.reads(thing, 3)


@attempt("during")
def the_borrowed_object_is_collected_at(p):
    needs_thresholds()
    gc.set_threshold(1, 1, 1)
    each_way(p, lambda thing: [p.make(seed) for seed in range(10)])
    gc.set_threshold(700, 10, 10)


@attempt("hold")
def what_is_held_outlives_its_names(p):
    thing = p.make(3)
    held = p.hold(thing)
    del thing
    collect()
    good, values = attack(p.read_held, held)
    check(not good or all(value == p.value(3) for value in values), "what is held is right")
    p.let_go(held)


@attempt("hold mortal")
def what_is_held_outlives_its_class(p):
    cls = doomed(p)
    address = id(cls)
    held = p.hold(p.new(cls, 3))
    del cls
    collect()
    good, values = attack(p.read_held, held)
    check(not good or all(value == p.value(3) for value in values), "what is held is right")
    p.let_go(held)
    collect()
    probe(p, address)


@attempt("hold tokens")
def a_token_is_used_wrongly(p):
    thing = p.make(3)
    held = p.hold(thing)
    for consumer, token in held:
        for odd in (0, -1, 2**40, 2**80, None, "x", object()):
            attack(consumer.let_go, odd)
            attack(consumer.read_held, odd)
    tokens = list(held)
    p.let_go(held)
    for consumer, token in tokens:
        attack(consumer.let_go, token)
        attack(consumer.read_held, token)


@attempt("hold sendable")
def what_is_held_is_dropped_on_another_thread(p):
    held = p.hold(p.make(3))
    attack(in_thread, lambda: p.let_go(held))
    p.let_go(held)


@attempt("wrap")
def what_is_wrapped_is_shared(p):
    for seed in range(50):
        thing = p.own(seed)
        p.reads(thing, p.seed_of_own(seed))


@attempt("hold")
def a_thousand_are_held(p):
    held = [p.hold(p.make(seed)) for seed in range(1000)]
    collect()
    for seed, each in enumerate(held):
        if seed % 100 == 0:
            good, values = attack(p.read_held, each)
            check(not good or all(value == p.value(seed) for value in values), "what is held is right")
    while held:
        p.let_go(held.pop())
