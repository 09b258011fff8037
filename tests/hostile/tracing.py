"""Tracing and profiling functions run, raise, judge and collect at every event; exceptions are pending or chained."""

import gc
import itertools
import sys
import threading

from death import doomed
from kit import PYPY, attempt, attack, check, collect, probe, skip


def raising(n, error=InterruptedError):
    left = [n]

    def trace(*_):
        left[0] -= 1
        if left[0] == 0:
            raise error("not today")
        return trace

    return trace


def under(install, function, act):
    install(function)
    try:
        return act()
    except InterruptedError:
        return None
    finally:
        # A profiling function gets this call too.
        while True:
            try:
                install(None)
                break
            except InterruptedError:
                pass


@attempt(each=("settrace", "setprofile"))
def raises_while_objects_are_read(p, name):
    thing = p.make(3)
    install = getattr(sys, name)
    for n in range(1, 40):
        under(install, raising(n), lambda: [read(thing) for read in p.readers.values()])
    p.reads(thing, 3)


@attempt(each=("settrace", "setprofile"))
def raises_while_strangers_are_refused(p, name):
    install = getattr(sys, name)

    class Stranger:
        def __repr__(self):
            return "x"

    for n in range(1, 40):
        for read in p.readers.values():
            try:
                under(install, raising(n), lambda: read(Stranger()))
            except TypeError:
                pass
    p.refuses(object())


@attempt("during", each=("settrace", "setprofile"))
def raises_in_a_borrow(p, name):
    install = getattr(sys, name)
    for n in range(1, 30):
        for way in p.ways().values():
            thing = p.make(3)

            def body():
                return [each for each in range(3)]

            found = under(install, raising(n), lambda: way(thing, False, body))
            check(found in (None, p.value(3)), "the value is right")
            p.reads(thing, 3)


@attempt("mortal", each=("settrace", "setprofile"))
def raises_while_a_class_is_made_and_dies(p, name):
    install = getattr(sys, name)
    for n in range(1, 30):
        names = []
        under(install, raising(n), lambda: names.append(p.fresh()))
        address = id(names[0]) if names else 0
        under(install, raising(n), lambda: (names.clear(), gc.collect()))
        names.clear()
    collect()
    probe(p, address)


@attempt("mortal", each=("settrace", "setprofile"))
def collects_at_every_event(p, name):
    # PyPy knows no young generation to ask for: each of its collections is a whole one, some tens of milliseconds.
    every, events = (25 if PYPY else 1), itertools.count()

    def trace(frame, event, argument):
        if next(events) % every == 0:
            gc.collect(0)
        return trace

    def work():
        for seed in range(3):
            cls = p.fresh()
            p.reads(p.new(cls, seed), seed)
            p.refuses(object())
            del cls

    under(getattr(sys, name), trace, work)
    collect()


@attempt(each=("settrace", "setprofile"))
def judges_at_every_event(p, name):
    thing = p.make(3)
    inside, wrong = [], []

    def trace(frame, event, argument):
        if not inside:
            inside.append(1)
            try:
                for read in p.readers.values():
                    if read(thing) != p.value(3):
                        wrong.append(1)
            except RuntimeError:
                # It is borrowed right now.
                pass
            finally:
                inside.pop()
        return trace

    under(getattr(sys, name), trace, p.works)
    check(not wrong, "the value is right")


@attempt()
def monitoring_raises(p):
    if not hasattr(sys, "monitoring"):
        skip("sys.monitoring came later")
    monitoring = sys.monitoring
    thing = p.make(3)
    for event in ("CALL", "C_RETURN", "C_RAISE", "PY_START", "RAISE"):
        for n in range(1, 12):
            left = [n]

            def callback(*_):
                left[0] -= 1
                if left[0] == 0:
                    raise InterruptedError("not today")

            number = getattr(monitoring.events, event)
            monitoring.use_tool_id(3, "hostile")
            monitoring.register_callback(3, number, callback)
            try:
                monitoring.set_events(3, monitoring.events.CALL if event.startswith("C_") else number)
                for read in p.readers.values():
                    read(thing)
                    read(object())
            except (InterruptedError, TypeError):
                pass
            finally:
                # The callback gets these calls too.
                left[0] = 0
                monitoring.set_events(3, 0)
                monitoring.register_callback(3, number, None)
                monitoring.free_tool_id(3)
    p.reads(thing, 3)


@attempt()
def an_audit_hook_raises(p):
    """A hook can't be removed: it minds a flag."""
    if not hasattr(sys, "addaudithook"):
        skip("no audit hooks")
    from adapters import load

    raising_now = [0]

    def hook(event, arguments):
        if raising_now[0]:
            raising_now[0] -= 1
            if raising_now[0] == 0:
                raise InterruptedError("not today")

    sys.addaudithook(hook)
    thing = p.make(3)
    for n in range(1, 25):
        raising_now[0] = n
        attack(load, p.modules[-1].__name__)
        raising_now[0] = n
        attack(next(iter(p.readers.values())), thing)
        raising_now[0] = 0
    collect()
    p.reads(thing, 3)


@attempt()
def an_exception_is_being_handled(p):
    thing = p.make(3)
    try:
        raise ValueError("the first")
    except ValueError as first:
        p.reads(thing, 3)
        good, error = attack(next(iter(p.readers.values())), object())
        check(not good, "a stranger is refused")
        check(sys.exc_info()[1] is first, "the one that is handled is the same")
        p.refuses(object())
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        p.works()


@attempt()
def refusals_are_chained(p):
    error = None
    for _ in range(200):
        try:
            try:
                if error:
                    raise error
            finally:
                next(iter(p.readers.values()))(object())
        except TypeError as raised:
            error = raised
    depth, seen = 0, error
    while seen is not None and depth < 1000:
        seen, depth = seen.__context__, depth + 1
    check(depth >= 200, "each has the former as its context")
    del error, seen
    collect()


@attempt()
def a_refusal_keeps_nothing(p):
    import weakref

    class Stranger:
        pass

    stranger = Stranger()
    reference = weakref.ref(stranger)
    for read in {**p.readers, **p.sites}.values():
        attack(read, stranger)
    del stranger
    read = None
    collect()
    check(reference() is None, "the stranger is gone")


@attempt()
def the_reason_of_a_refusal_is_meddled_with(p):
    good, error = attack(next(iter(p.readers.values())), object())
    for name in ("interbind_reason", "__cause__", "__context__", "__traceback__", "args"):
        attack(setattr, error, name, None)
        attack(delattr, error, name)
    attack(repr, error)
    p.refuses(object())


@attempt()
def exceptions_are_replaced(p):
    """Names of builtins are others' to change: what is raised is still an exception."""
    import builtins

    kept = {name: getattr(builtins, name) for name in ("TypeError", "RuntimeError", "ImportError", "isinstance", "getattr", "type")}
    for name in kept:
        setattr(builtins, name, None)
    found = []
    try:
        try:
            next(iter(p.readers.values()))(object())
        except BaseException as error:
            found.append(error)
    finally:
        for name, value in kept.items():
            setattr(builtins, name, value)
    check(found and isinstance(found[0], TypeError), "a stranger is refused with a TypeError")
    p.works()


@attempt()
def sys_modules_is_meddled_with(p):
    kept = dict(sys.modules)
    thing = p.make(3)
    for odd in (None, 5, "x"):
        for name in list(sys.modules):
            if "interbind" in name or name in ("threading", "weakref", "_weakref", "types"):
                sys.modules[name] = odd
        p.reads(thing, 3)
        p.refuses(object())
        sys.modules.update(kept)
    sys.modules["interbind"] = type(sys)("interbind")
    sys.modules["interbind._runtime"] = type(sys)("interbind._runtime")
    from adapters import load

    attack(load, p.modules[-1].__name__)
    for name in ("interbind", "interbind._runtime"):
        sys.modules.pop(name, None)
    sys.modules.update(kept)
    p.works()
