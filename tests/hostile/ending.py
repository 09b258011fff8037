"""The interpreter ends with everything alive: the report is printed before, and the exit code is the finding."""

import atexit
import gc
import sys
import threading
import time
import weakref

from death import doomed
from kit import PYPY, attempt, attack, check, collect, skip


def comes_to(thread, line, function):
    """Waits until a thread is at a line of a function."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        frame = sys._current_frames().get(thread.ident)
        if frame is not None and (frame.f_code, frame.f_lineno) == (function.__code__, line):
            return
        time.sleep(0.001)


class Late:
    """Does something when it dies, which is when the interpreter ends."""

    def __init__(self, act):
        self.act = act

    def __del__(self):
        try:
            self.act()
        except BaseException:
            pass


@attempt(leaves=True)
def with_objects_everywhere(p):
    import builtins

    sys.kept = builtins.kept = [p.make(seed) for seed in range(20)]
    sys.modules["kept"] = sys.kept
    threading.local().kept = sys.kept


@attempt("mortal", leaves=True)
def with_classes_in_cycles(p):
    for _ in range(10):
        cls = doomed(p)
        thing = p.new(cls, 3)
        attack(setattr, cls, "others", [cls, thing, sys])
        sys.kept = [cls, thing, getattr(sys, "kept", None)]


@attempt("mortal", leaves=True)
def judged_by_finalisers(p):
    thing = p.make(3)
    sys.kept = Late(lambda: (p.reads(thing, 3), p.refuses(object()), doomed(p)))
    cls = doomed(p)
    attack(setattr, cls, "late", Late(lambda: (p.works(), gc.collect())))


@attempt("mortal", leaves=True)
def classes_made_at_exit(p):
    thing = p.make(3)

    @atexit.register
    def late():
        p.reads(thing, 3)
        sys.late = doomed(p), Late(lambda: doomed(p))


@attempt("hold", leaves=True)
def with_what_is_held(p):
    sys.kept = [p.hold(p.make(seed)) for seed in range(10)]
    sys.late = Late(lambda: p.let_go(sys.kept[0]))


@attempt("during", leaves=True)
def in_a_borrow(p):
    """`sys.exit` runs out of a borrow, and a thread never comes back from its own."""
    ways = list(p.ways().values())
    thing = p.make(3)
    # A bare lock: a thread that still has Python code to run when the process ends is ended by CPython before 3.14 in the middle of
    # native code, which Rust's runtime takes for a foreign exception and aborts.
    never = threading.Lock()
    never.acquire()

    def body():
        never.acquire()

    thread = threading.Thread(target=lambda: attack(ways[0], p.make(4), False, body), daemon=True)
    thread.start()
    # In the call it has let go of the GIL, and asks for it no more.
    comes_to(thread, body.__code__.co_firstlineno + 1, body)
    p.reads(thing, 3)


@attempt("mortal", leaves=True)
def with_daemons_that_share(p):
    started = threading.Semaphore(0)

    def work():
        started.release()
        while True:
            cls = p.fresh()
            for read in p.readers.values():
                read(p.new(cls, 3))
            del cls

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(3):
        started.acquire(timeout=10)


@attempt("hold", leaves=True)
def with_daemons_that_hold(p):
    started = threading.Semaphore(0)

    def work():
        started.release()
        while True:
            p.let_go(p.hold(p.make(3)))

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(3):
        started.acquire(timeout=10)


@attempt(leaves=True)
def with_second_interpreters(p):
    from interp import second

    for gil in ("shared", "own") if sys.version_info >= (3, 13) else ("shared",):
        other = second(p, gil)
        if other is not None:
            other.run("sys.kept = [p.make(3), doomed(p), p]")


@attempt("mortal", leaves=True)
def at_the_limit(p):
    from kit import at_limit, unless_pypy_ends

    unless_pypy_ends("at the limit of recursion")
    names = [doomed(p)]

    @atexit.register
    def late():
        names.clear()
        at_limit(lambda: sorted([2], key=gc.collect))
        p.works()


@attempt("mortal", leaves=True)
def with_weak_references(p):
    cls = doomed(p)
    sys.kept = [weakref.ref(cls, lambda _: doomed(p)), weakref.finalize(cls, lambda: p.works())]
    sys.cls = cls


@attempt(leaves=True)
def after_the_modules_were_forgotten(p):
    sys.kept = p.make(3)
    for module in p.modules:
        sys.modules.pop(module.__name__, None)
        vars(module).clear()
    gc.collect()


@attempt(leaves=True)
def with_an_exception_on_its_way(p):
    sys.kept = p.make(3)

    @atexit.register
    def late():
        raise RuntimeError("not today")

    sys.stderr = open("/dev/null", "w")


@attempt("nurse", leaves=True)
def with_nurses(p):
    nurse = p.make(3)
    p.keep(nurse, p.patient() if hasattr(p, "patient") else p.make(4))
    sys.kept = [nurse, Late(lambda: p.reads(nurse, 3))]


@attempt(only="layer-indirect", leaves=True)
def with_a_shared_pointer_in_a_static(p):
    p.module.keep(p.make(3))


@attempt(only="layer-indirect", leaves=True)
def with_a_shared_pointer_of_a_second_interpreter(p):
    from interp import second

    for gil in ("shared", "own"):
        other = second(p, gil)
        if other is not None:
            other.run("p.module.keep(p.make(3))")
            other.end()
    p.module.unkeep()
