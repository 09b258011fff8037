"""What attempts are written with: registering one, running a hostile call, and the checks that come after it.

An attempt is a function with one parameter, the provider of `adapters.py`:

    @attempt(needs="mortal")
    def class_dies_in_a_list(p):
        ...

It passes by returning; `check` fails it; `skip` leaves it out, with a reason. What a hostile call may do is run under
`p.attack`, which lets it return, refuse or raise, and fails what is never right: SystemError, which means that somebody
returned without a word.
"""

import gc
import re
import sys

PYPY = sys.implementation.name == "pypy"
FREE_THREADED = hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled()
ATTEMPTS = {}
CHECKS = 0
NOTES = []
OUTCOMES = []
# Not empty: a thread or an interpreter was started.
STARTED = []


class Skip(Exception):
    pass


class Wrong(AssertionError):
    pass


class Attempt:
    def __init__(self, function, needs, only, leaves, imports):
        self.function, self.needs, self.only, self.leaves = function, set(needs.split()), only.split(), leaves
        self.imports = imports.split()

    def reason_to_skip(self, p):
        if self.only and not any(p.kind.startswith(each) for each in self.only):
            return "is about " + " ".join(self.only)
        missing = self.needs - p.abilities
        return "needs " + " ".join(sorted(missing)) if missing else None


def attempt(needs="", only="", leaves=False, each=None, imports=""):
    """Registers an attempt. `needs`: abilities of the provider. `only`: beginnings of kinds. `leaves`: afterwards the state is
    what the attempt says, so that it is not counted. `each`: values, each of which makes an attempt of its own. `imports`:
    modules that it uses besides the provider's, which may publish classes of their own: they are there before the count."""

    def register(function):
        name = f"{function.__module__}.{function.__name__}"
        if each is None:
            ATTEMPTS[name] = Attempt(function, needs, only, leaves, imports)
        for value in each or ():
            run = lambda p, value=value: function(p, value)  # noqa: E731
            ATTEMPTS[f"{name}[{value}]"] = Attempt(run, needs, only, leaves, imports)
        return function

    return register


def skip(reason):
    raise Skip(reason)


def check(condition, what):
    global CHECKS
    CHECKS += 1
    if not condition:
        raise Wrong(what)


def note(what, value):
    """Says something that is no check, for the report's reader."""
    NOTES.append(f"{what}: {value}")


def unless_pypy_ends(where):
    """There PyPy ends its process in a call of any extension's function: the C side of an object can't be made, or one of the
    functions in C raises that must not. A C module without interbind shows it as well."""
    if PYPY:
        skip(f"PyPy's C API ends the process {where}")


def rounds(number):
    """How often something that collects is tried: each collection of PyPy's is a whole one, and takes tens of milliseconds."""
    return max(number // 10, 1) if PYPY else number


def needs_thresholds():
    if PYPY:
        skip("gc.set_threshold is CPython's")


def short(value):
    text = repr(value).split("\\n")[0]
    return text if len(text) < 150 else text[:150] + "…"


def slug_of(error):
    said = re.search(r"\(([a-z0-9-]+)\)$", str(error).split("\n")[0])
    return getattr(error, "interbind_reason", None) or (said.group(1) if said else None)


def outcome_of(error):
    slug = slug_of(error)
    return f"refused({slug})" if slug else f"exception({type(error).__name__})"


def is_wordless(error):
    """Whether Python had to say itself that somebody failed without a word, or succeeded with one."""
    return isinstance(error, SystemError) and any(
        part in str(error) for part in ("without setting an exception", "without exception set", "with an exception set", "NULL"))


def record(outcome):
    """Keeps what came of an attack, for those who count them."""
    OUTCOMES.append(outcome)


def attack(call, *arguments):
    """Calls; whatever comes of it is recorded. Returns whether it gave a value, and the value or the exception."""
    try:
        value = call(*arguments)
    except (Skip, Wrong, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        record(outcome_of(error))
        check(not is_wordless(error), f"an error has a word, not {short(error)}")
        return False, error.with_traceback(None)
    record("value")
    return True, value


def collect():
    for _ in range(5 if PYPY else 3):
        gc.collect()


def stays(p, cls):
    """Whether a class never dies. CPython 3.13 without a GIL makes Python's own classes immortal once there was a second thread,
    which a module may have started. And PyO3 0.28, which serves it, keeps a reference to a class of Python for each object of
    that, also in a module without interbind."""
    keeps = FREE_THREADED and sys.version_info < (3, 14) and p.kind.startswith("pyo3")
    return PYPY or keeps or sys.getrefcount(cls) > 2**30


def differences(before, after):
    """Counts that didn't return. CPython 3.13 without a GIL makes classes immortal once there was a thread or an interpreter: their
    records stay."""
    if STARTED and FREE_THREADED and sys.version_info < (3, 14):
        before = {name: count for name, count in before.items() if "records" not in name}
    return {name: [before[name], after.get(name)] for name in before if before[name] != after.get(name)}


def quiet():
    """What is raised where nobody catches it is part of many attempts, and not printed."""
    sys.unraisablehook = lambda _: None
    import threading

    threading.excepthook = lambda _: None


def stranger_at(address, rounds=4000):
    """Makes Python classes until one has the address; returns an instance of it, or None."""
    keep = []
    for _ in range(rounds):
        for slots in ((), ("a", "b"), ("a",), ("a", "b", "c", "d")):
            keep.append(type("Stranger", (), {"__slots__": slots}))
            if id(keep[-1]) == address:
                return keep[-1]()
    return None


def is_empty(p, thing):
    """PyPy's `object.__new__` makes objects of C classes, which nobody has filled: they have no value, or zero."""
    for read in p.readers.values():
        good, found = attack(read, thing)
        check(not good or found in (p.value(0), bytes(16), 0, 0.0), "an empty object has no value, or zero")


def probe(p, address, rounds=4000):
    """The address of a class that is gone comes back as another class: every warm site must refuse its objects."""
    if PYPY:
        return
    stranger = stranger_at(address, rounds)
    note("address came back", stranger is not None)
    if stranger is None:
        return
    for slot in getattr(type(stranger), "__slots__", ()):
        setattr(stranger, slot, 3)
    p.refuses(stranger)
    heir = type("Heir", (type(stranger),), {"__slots__": ()})
    p.refuses(heir())



def at_limit(act, limit=300):
    """Calls `act` at the limit of recursion, again and again one level higher until it ends without RecursionError."""
    unless_pypy_ends("at the limit of recursion")
    before = sys.getrecursionlimit()
    deep = sys.version_info >= (3, 12) and not PYPY
    done = []

    def down(_):
        try:
            return max((0,), key=down)
        except RecursionError:
            if not done:
                act()
                done.append(1)
            return 0

    # Each step takes two levels. Which of the two is refused must not depend on how deep the attempt itself is.
    frame, even = sys._getframe(), limit
    while frame:
        frame, even = frame.f_back, even ^ 1
    sys.setrecursionlimit(10**6 if deep else even)
    try:
        down(0)
    finally:
        sys.setrecursionlimit(before)
    note("reached the limit", bool(done))


def in_thread(call, *arguments):
    """Calls on another thread; what it raises is raised here."""
    import threading

    found = []

    def run():
        try:
            found.append((True, call(*arguments)))
        except BaseException as error:
            found.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    check(found, "the thread ended")
    good, value = found.pop()
    if not good:
        raise value
    return value


def together(*calls, rounds=1):
    """Runs calls on a thread each, started at once; fails on what they raise."""
    import threading

    barrier = threading.Barrier(len(calls))
    failed = []

    def run(call):
        try:
            barrier.wait(10)
            for _ in range(rounds):
                call()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    check(not any(thread.is_alive() for thread in threads), "the threads ended")
    if failed:
        raise failed[0]


def in_child(body, seconds=30):
    """Runs the body in a forked child, which must end by itself; returns its exit code."""
    import os
    import signal
    import time

    if not hasattr(os, "fork"):
        skip("no fork here")
    import warnings

    warnings.simplefilter("ignore")
    child = os.fork()
    if child == 0:
        code = 99
        # A thread that is gone now may have held the list: without a GIL, appending to it takes its lock.
        global OUTCOMES
        OUTCOMES = []
        try:
            signal.alarm(seconds)
            body()
            code = 0
        except Wrong:
            code = 98
        except BaseException:
            code = 97
        finally:
            os._exit(code)
    end = time.monotonic() + seconds + 2
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            break
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            check(False, "the child hung")
        time.sleep(0.0005)
    if os.WIFSIGNALED(status):
        check(os.WTERMSIG(status) != signal.SIGALRM, "the child comes to its end and doesn't hang")
    check(not os.WIFSIGNALED(status), f"the child ended without a signal, not by {os.WTERMSIG(status)}")
    return os.WEXITSTATUS(status)
