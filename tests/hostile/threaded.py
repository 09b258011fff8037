"""Threads: they judge, publish, die and borrow at once. With a GIL they take turns in the worst places."""

import gc
import sys
import threading

from death import doomed
from kit import PYPY, attempt, attack, check, collect, in_thread, probe, skip, together

sys.setswitchinterval(1e-5)


@attempt()
def one_object_is_read_by_all(p):
    thing = p.make(3)
    together(*[lambda: p.reads(thing, 3)] * 6, rounds=30)


@attempt("mortal")
def classes_come_and_go(p):
    def work():
        cls = doomed(p)
        p.reads(p.new(cls, 4), 4)

    together(*[work] * 4, rounds=15)
    collect()


@attempt("mortal")
def a_class_is_judged_while_it_dies(p):
    holder = [doomed(p)]

    def work():
        for _ in range(30):
            try:
                cls = holder[0]
            except IndexError:
                return
            attack(lambda: p.reads(p.new(cls, 4), 4))
            del cls

    def drop():
        holder.clear()
        gc.collect()

    together(work, work, drop)
    collect()


@attempt("mortal")
def a_cold_class_is_judged_by_all(p):
    for _ in range(10):
        cls = p.fresh()
        thing = p.new(cls, 3)
        together(*[lambda: p.reads(thing, 3)] * 4)
        del cls, thing
    collect()


@attempt("bare")
def a_class_is_published_by_all(p):
    for _ in range(10):
        cls = p.bare()
        together(*[lambda: attack(p.publish, cls)] * 4)
        p.reads(p.new(cls, 3), 3)
        del cls
    collect()


@attempt("write")
def an_object_is_written_and_read(p):
    thing = p.make(3)
    values = [p.value(seed) for seed in (3, 4)]
    if p.flavour == "frozen":
        together(*[lambda: check(not attack(p.write, thing, 4)[0], "it is frozen")] * 4, rounds=10)
        return

    def read():
        for reader in p.readers.values():
            attack(reader, thing)

    together(read, read, lambda: attack(p.write, thing, 4), lambda: attack(p.write, thing, 3), rounds=30)


@attempt("during")
def borrows_overlap(p):
    thing = p.make(3)
    ways = list(p.ways().values())

    def borrow():
        for way in ways:
            good, found = attack(way, thing, False, lambda: p.make(1))
            check(not good or found == p.value(3), "the value is right")

    together(*[borrow] * 4, rounds=20)
    p.reads(thing, 3)


@attempt("during write")
def exclusive_borrows_overlap(p):
    thing = p.make(3)
    ways = list(p.ways().values())
    inside, wrong = [], []

    def borrow():
        for way in ways:
            def body():
                if inside:
                    wrong.append(1)
                inside.append(1)
                gc.collect(0)
                inside.pop()

            attack(way, thing, True, body)

    together(*[borrow] * 3, rounds=15)
    check(not wrong, "one borrow at a time")
    p.reads(thing, 3)


@attempt("hold")
def objects_are_held_and_let_go_by_all(p):
    def work():
        good, held = attack(p.hold, p.make(3))
        if good:
            attack(p.read_held, held)
            p.let_go(held)

    together(*[work] * 4, rounds=20)


@attempt()
def strangers_are_refused_by_all(p):
    together(*[lambda: p.refuses(object())] * 4, rounds=10)


@attempt()
def an_object_is_made_here_and_read_there(p):
    thing = p.make(3)
    in_thread(lambda: p.reads(thing, 3))


@attempt("sendable")
def an_object_is_made_there_and_read_here(p):
    other = in_thread(lambda: p.make(4))
    p.warm(other, 4)


@attempt()
def a_thread_dies_with_objects(p):
    local = threading.local()

    def work():
        local.thing = p.make(3)
        p.reads(local.thing, 3)

    for _ in range(5):
        in_thread(work)
    collect()


@attempt("mortal")
def the_collector_runs_on_a_thread_of_its_own(p):
    stop = threading.Event()

    def collector():
        while not stop.is_set():
            gc.collect()

    def work():
        try:
            for seed in range(20):
                cls = p.fresh()
                thing = p.new(cls, seed)
                p.reads(thing, seed)
                del cls, thing
        finally:
            stop.set()

    together(collector, work)
    collect()


@attempt()
def an_asynchronous_exception(p):
    """Raised in a thread at any moment, as a debugger does. Without ctypes: by a signal in the main thread."""
    import signal

    if not hasattr(signal, "setitimer"):
        skip("no timers")
    thing = p.make(3)

    class Stop(Exception):
        pass

    def handler(*_):
        raise Stop

    before = signal.signal(signal.SIGALRM, handler)
    hits = 0
    try:
        for _ in range(20):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                while True:
                    for read in p.readers.values():
                        check(read(thing) == p.value(3), "the value is right")
                    p.make(1)
            except Stop:
                hits += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    check(hits, "the signal came")


@attempt("mortal")
def a_signal_handler_makes_and_drops_classes(p):
    import signal

    if not hasattr(signal, "setitimer"):
        skip("no timers")
    thing = p.make(3)
    seen = []

    def handler(*_):
        cls = p.fresh()
        p.reads(p.new(cls, 2), 2)
        seen.append(1)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(3000):
            p.readers[next(iter(p.readers))](thing)
            if len(seen) > 5:
                break
            sum(range(1000))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    collect()
