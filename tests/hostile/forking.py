"""A process forks: with objects, borrows, threads and interpreters of ours in it. The child works, and ends."""

import faulthandler
import gc
import os
import sys
import threading

from death import doomed
from kit import PYPY, attempt, attack, check, collect, in_child, probe, skip


# Without a GIL, reading a variable of an enclosing function takes the lock of its cell, which a thread that is gone in the child may
# have held for ever. So threads get what they share with the child as arguments.


def good(p):
    """What each child does; its exit code says that it came to the end."""
    p.works()
    p.refuses(object())
    # Every lock of ours is taken once.
    p.live()
    if "hold" in p.abilities:
        good_to_hold, held = attack(p.hold, p.make(3))
        if good_to_hold:
            p.let_go(held)
    p.live()


def expect(code):
    check(code == 0, f"the child comes to its end, not to {code}")


@attempt()
def the_child_works(p):
    expect(in_child(lambda: good(p)))
    good(p)


@attempt("mortal")
def a_class_dies_in_the_child(p):
    cls = doomed(p)
    names = [cls]
    address = id(cls)
    del cls

    def body():
        names.clear()
        collect()
        probe(p, address)
        good(p)

    expect(in_child(body))
    p.reads(p.new(names[0], 3), 3)
    names.clear()
    collect()
    probe(p, address)


@attempt("during")
def in_a_borrow(p):
    for way in p.ways().values():
        thing = p.make(3)

        def body():
            p.reads(thing, 3)
            good(p)

        ok, found = attack(way, thing, False, lambda: expect(in_child(body)))
        check(not ok or found == p.value(3), "the value is right")


@attempt("hold")
def with_what_is_held(p):
    held = p.hold(p.make(3))

    def body():
        attack(p.read_held, held)
        p.let_go(held)
        good(p)

    expect(in_child(body))
    p.let_go(held)


@attempt("mortal")
def while_threads_share(p):
    stop = threading.Event()

    def work(p):
        while not stop.is_set():
            cls = p.fresh()
            p.reads(p.new(cls, 3), 3)
            p.refuses(object())
            del cls

    # The list of outcomes is shared with the threads, and long in the end.
    threads = [threading.Thread(target=work, args=(p,), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            expect(in_child(lambda: good(p)))
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    collect()


@attempt("hold")
def while_threads_hold_and_let_go(p):
    stop = threading.Event()

    def work(p):
        while not stop.is_set():
            ok, held = attack(p.hold, p.make(3))
            if ok:
                p.let_go(held)

    threads = [threading.Thread(target=work, args=(p,), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(25):
            expect(in_child(lambda: good(p)))
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    collect()


@attempt(only="example", each=("let_go_detached", "let_go_elsewhere"))
def while_a_thread_lets_go_detached(p, name):
    """What is kept is dropped by threads that Python doesn't know, which take no turns with the fork."""
    stop = threading.Event()
    let_go = getattr(p.keeper, name)

    def work():
        thing = p.make(3)
        while not stop.is_set():
            for _ in range(20000):
                p.keeper.hold(thing)
            let_go()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for _ in range(60):
            expect(in_child(lambda: good(p), seconds=5))
    finally:
        stop.set()
        thread.join(20)
    collect()


@attempt()
def a_child_of_a_child(p):
    expect(in_child(lambda: expect(in_child(lambda: good(p)))))


@attempt()
def after_a_second_interpreter(p):
    """CPython itself doesn't survive a fork while there is one."""
    from interp import second

    other = second(p, "shared")
    if other is None:
        return
    other.run("p.works()")
    other.end()
    expect(in_child(lambda: good(p)))


@attempt("mortal")
def the_child_is_at_the_limit(p):
    from kit import at_limit, unless_pypy_ends

    unless_pypy_ends("at the limit of recursion")

    def body():
        names = [doomed(p)]
        address = id(names[0])
        names.clear()
        at_limit(lambda: sorted([2], key=gc.collect))
        collect()
        probe(p, address)

    expect(in_child(body))


@attempt()
def the_child_imports_again(p):
    from adapters import load

    def body():
        for module in p.modules:
            attack(load, module.__name__)
        good(p)

    expect(in_child(body))


@attempt()
def the_child_ends_by_itself(p):
    """Not by `os._exit`: the whole interpreter is finalised in the child."""
    import signal
    import warnings

    if not hasattr(os, "fork"):
        skip("no fork here")
    warnings.simplefilter("ignore")
    sys.stdout.flush()
    sys.kept = [p.make(3), p]
    # Its thread isn't in the child, which would wait for it.
    faulthandler.cancel_dump_traceback_later()
    child = os.fork()
    if child == 0:
        signal.alarm(8)
        sys.stdout = open(os.devnull, "w")
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    check(status == 0, f"the child ended with {status}")
    del sys.kept
