"""Runs an operation with one fault after the other: `fault.py KIND MODE OPERATION…`; prints a line of JSON for each operation.
`fault.py --plan KIND…` prints the kinds that have each operation.

| mode | the n-th fault |
|---|---|
| `malloc` | this thread's n-th call of the C library's allocator fails: Rust's, C's, and Python's for large things |
| `alloc` | the same with every allocation of Python's among them; the starter sets `PYTHONMALLOC=malloc` |
| `allocs` | that one and all after it |
| `pymem` | this thread's n-th call of Python's own allocators fails, and none of Rust's or C's: these may end a process |
| `pymems` | that one and all after it |
| `collect` | a collection is asked for at the n-th allocation |
| `depth` | the operation starts n levels above where the recursion limit was met |
| `gc` | the collector runs at every n-th allocation of a container |
| `trace`, `profile` | a tracing or profiling function raises at the n-th event |
| `pending` | an exception is handled, is on its way, or ends the frame that does it |
| `thread` | a second thread does the same |
| `interpreter` | a second interpreter does the same, and ends |

A forked child makes each try and says what came of it: a value, MemoryError, RecursionError, a refusal with a reason, or what
was raised in it on purpose. Then, without a fault: the same operation works, counts return, and an address that a class had
is offered to every site under its new owner. Tries end when several in a row met no fault. A `control` operation has nothing of
interbind's: what it does is Python's own.
"""

import copy
import faulthandler
import gc
import json
import os
import re
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, HERE)

import adapters  # noqa: E402
import kit  # noqa: E402

# So many tries in a row without a fault, and there are no more to come. An allocation is met or not; a level, and a
# collection, may be missed by one try and met by the next.
QUIET = {"depth": 16, "gc": 16, "trace": 8, "profile": 8}
MOST = {"malloc": 500, "alloc": 700, "allocs": 700, "pymem": 700, "pymems": 700, "collect": 300, "depth": 40, "gc": 40, "trace": 120, "profile": 120,
        "pending": 5, "thread": 6, "interpreter": 2}
HOOKED = {"malloc": 0, "alloc": 0, "allocs": 1, "pymem": 3, "pymems": 4, "collect": 2}
OPERATIONS = {}
LONG = set()


# An operation that takes long meets these faults alone, unless everything is asked for.
FEW = (0, 1, 3, 9, 27, 81, 243, 420)
FULL = os.environ.get("INTERBIND_FAULTS") == "full"


def operation(needs="", is_long=False):
    """Registers an operation: it prepares, and returns the function that meets the fault."""

    def register(prepare):
        OPERATIONS[prepare.__name__] = (prepare, set(needs.split()))
        if is_long and not FULL:
            LONG.add(prepare.__name__)
        return prepare

    return register


class Hook:
    """What is preloaded. Without it the modes that need it aren't there."""

    def __init__(self, mode):
        import ctypes

        self.library = ctypes.PyDLL(None)
        try:
            call = self.library.hostile_call
        except AttributeError:
            raise SystemExit("the allocator's hook isn't loaded")
        call.argtypes, call.restype = [ctypes.py_object, ctypes.c_long, ctypes.c_int], ctypes.py_object
        self.library.hostile_seen.restype = self.library.hostile_hit.restype = ctypes.c_long
        self.call = call
        # Python's allocators may have memory of their own.
        wraps = mode.startswith("pymem") or (mode == "collect" and kit.FREE_THREADED)
        if wraps and not self.library.hostile_wrap():
            raise SystemExit("Python's allocators can't be wrapped")

    def counts(self):
        return self.library.hostile_seen(), self.library.hostile_hit()


@operation()
def control_refuse(p):
    stranger = object()
    return lambda: len(stranger)


@operation()
def control_refuse_below(p):
    """The same where a provider's readers are: one function deeper."""
    stranger = object()
    reader = lambda thing: len(thing)  # noqa: E731
    return lambda: reader(stranger)


def first_extension(*names):
    """The first of Python's own modules that is an extension and not built in, with its file."""
    for name in names:
        file = getattr(adapters.optional(name), "__file__", None)
        if file is not None:
            return name, file
    raise kit.Skip(f"{' and '.join(names)} are built in")


def further_copy(*names):
    name, file = first_extension(*names)
    return lambda: adapters.load(name, file)


@operation()
def control_import(p):
    """An extension of Python's own in further copies."""
    return further_copy("_heapq", "_uuid")


@operation()
def control_import_of_a_class(p):
    """The same of one that makes a class."""
    return further_copy("_random", "_queue")


@operation()
def control_class(p):
    return lambda: type("Plain", (), {})


@operation()
def import_provider(p):
    name = p.modules[0].__name__
    return lambda: adapters.load(name)


@operation()
def import_consumer(p):
    name = p.modules[-1].__name__
    return lambda: adapters.load(name)


@operation("mortal")
def publish(p):
    made = []

    def act():
        made.append(p.fresh())

    return act


@operation("bare")
def publish_alone(p):
    cls = p.bare()
    return lambda: p.publish(cls)


@operation("mortal")
def judge_cold(p):
    thing = p.new(p.fresh(), 3)
    return lambda: [read(thing) for read in p.readers.values()] == [p.value(3)] * len(p.readers) or sys.exit(9)


@operation()
def judge_hit(p):
    thing = p.make(3)
    p.warm(thing, 3)
    reader = next(iter(p.readers.values()))
    value = p.value(3)
    return lambda: reader(thing) == value or sys.exit(9)


@operation()
def refuse(p):
    stranger = object()
    # Those without PyO3 first: its own way without memory is a panic.
    readers = sorted(p.readers.items(), key=lambda each: each[0].startswith("consumer"))
    reader = readers[0][1]
    return lambda: reader(stranger)


@operation()
def refuse_everywhere(p):
    stranger = object()

    def act():
        for read in p.readers.values():
            try:
                read(stranger)
            except TypeError:
                pass

    return act


@operation("write")
def borrow_exclusively(p):
    thing = p.make(3)

    def act():
        try:
            p.write(thing, 3)
        except TypeError:
            pass

    return act


@operation("during")
def borrow_and_release(p):
    thing = p.make(3)
    ways = list(p.ways().values())
    return lambda: [way(thing, False, int) for way in ways]


@operation("hold")
def hold(p):
    thing = p.make(3)
    held = []
    # The C++ participant counts what it holds before it has made the token.
    fewer = copy.copy(p)
    fewer.consumers = p.consumers[:2]

    def act():
        held.extend(fewer.hold(thing))
        fewer.let_go(held)

    p.after = lambda: fewer.forget(held)
    return act


@operation("hold")
def let_go(p):
    held = p.hold(p.make(3))
    p.after = lambda: p.forget(held)
    return lambda: p.let_go(held)


@operation("wrap")
def wrap(p):
    return lambda: p.own(3)


@operation("nurse")
def keep_alive(p):
    nurse = p.make(3)
    patient = p.patient() if hasattr(p, "patient") else p.make(4)
    return lambda: p.keep(nurse, patient)


@operation("nurse")
def nurse_dies(p):
    nurse = p.make(3)
    p.keep(nurse, p.patient() if hasattr(p, "patient") else p.make(4))
    names = [nurse]
    return names.clear


@operation("instances")
def find_instance(p):
    def act():
        if p.client.wrap(0) is not p.client.wrap(0):
            sys.exit(9)

    return act


@operation("instances")
def translators(p):
    def act():
        p.client.unregister()
        p.client.register_again()

    p.after = p.client.register_again
    return act


@operation()
def make_and_drop(p):
    return lambda: p.make(5)


@operation("mortal")
def class_dies(p):
    cls = p.fresh()
    p.warm(p.new(cls, 3), 3)
    names = [cls]
    p.addresses.append(id(cls))
    collect = gc.collect

    def act():
        names.clear()
        collect()

    return act


@operation("mortal")
def class_dies_by_the_collector_alone(p):
    cls = p.fresh()
    p.warm(p.new(cls, 3), 3)
    p.addresses.append(id(cls))
    del cls
    return gc.collect


@operation("each-interpreter", is_long=True)
def control_interpreter(p):
    """A second interpreter without interbind ends."""
    import interp

    other = interp.Interpreter(p, "shared", start=False)
    other.run("import sys, threading")
    p.after = other.end
    return other.end


@operation("each-interpreter", is_long=True)
def interpreter_ends(p):
    import interp

    other = interp.Interpreter(p, "shared")
    if other.started is not None:
        raise kit.Skip("refused there")
    other.run("cls = doomed(p); thing = p.new(cls, 3); p.reads(thing, 3)")
    p.after = other.end
    return other.end


def begin(p, name):
    """A second interpreter, in which nothing of interbind's was, imports a module: what it raises is raised here."""
    import interp

    if hasattr(sys, "gettotalrefcount"):
        raise kit.Skip("a debug build of CPython asserts that such an interpreter says why it failed, for which there is no memory")
    other = interp.Interpreter(p, "shared", start=False)
    other.run(f"import sys; sys.path[:] = {sys.path!r}; import _random, _uuid")
    p.after = other.end

    def act():
        failure = other.run(f"import {name}")
        for kind in (MemoryError, SystemError, RecursionError):
            if failure is not None and kind.__name__ in failure:
                raise kind(failure)
        if failure is not None:
            raise ImportError(failure)

    return act


@operation("each-interpreter", is_long=True)
def control_interpreter_begins(p):
    return begin(p, first_extension("_struct", "_queue")[0])


@operation("each-interpreter", is_long=True)
def interpreter_begins(p):
    return begin(p, p.modules[0].__name__)


class Pending(Exception):
    pass


# ---- The modes: each runs the operation under its n-th fault, and returns whether the fault was met. ----


def hooked(hook, mode):
    def run(p, act, n):
        try:
            hook.call(act, n, HOOKED[mode])
        finally:
            run.seen, met = hook.counts()
            run.met = met > 0

    return run


def depth(p, act, n):
    """Down until the limit is met, up some levels, and there the operation starts, in one of several ways: each takes another
    part of what is left."""
    depth.met = False
    starts = (
        act,
        lambda: max((0,), key=lambda _: act() and 0),
        lambda: sorted((0,), key=lambda _: 0 if act() is None else 0),
        lambda: list(map(lambda _: act(), (0,))),
    )
    start, left, came = starts[n % 4], [n // 4], []

    def down(_):
        try:
            return max((0,), key=down)
        except RecursionError:
            depth.met = True
        if came:
            return 0
        if left[0]:
            left[0] -= 1
            # The levels above see the limit as met too.
            raise RecursionError("up")
        try:
            start()
            came.append(None)
        except BaseException as error:
            came.append(error)
        return 0

    before = sys.getrecursionlimit()
    deep = sys.version_info >= (3, 12) and not kit.PYPY
    sys.setrecursionlimit(10**6 if deep else 250)
    try:
        down(0)
    finally:
        sys.setrecursionlimit(before)
    if came[0] is not None:
        raise came[0]


def collecting(p, act, n):
    runs = []
    gc.callbacks.append(lambda phase, _: runs.append(phase))
    cls = p.fresh() if "mortal" in p.abilities else None
    del cls
    before = gc.get_threshold()
    gc.enable()
    gc.set_threshold(n + 1, 1, 1)
    try:
        act()
    finally:
        # An operation that allocates nothing has met a collection right behind it at least.
        [[] for _ in range(2 * n + 20)]
        gc.set_threshold(*before)
        gc.callbacks.clear()
        collecting.met = bool(runs)


def tracing(install):
    def run(p, act, n):
        left = [n]
        run.met = False

        def trace(*_):
            left[0] -= 1
            if left[0] < 0 and not run.met:
                run.met = True
                raise Pending("not today")
            return trace

        install(trace)
        try:
            act()
        finally:
            try:
                install(None)
            except Pending:
                install(None)

    return run


def pending(p, act, n):
    pending.met = True

    def handled():
        try:
            raise Pending
        except Pending:
            act()

    def unwinding():
        try:
            raise Pending
        finally:
            act()

    def frame_ends():
        class Last:
            def __del__(self):
                act()

        last = Last()
        raise Pending(type(last).__name__)

    def generator_closes():
        def generate():
            try:
                yield
            finally:
                act()

        generator = generate()
        next(generator)
        generator.close()

    def leaves_a_with():
        class Manager:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                act()

        with Manager():
            raise Pending

    (handled, unwinding, frame_ends, generator_closes, leaves_a_with)[n]()


def threading_mode(p, act, n):
    threading_mode.met = True
    sys.setswitchinterval(1e-5)
    failed = []
    prepare = p.prepare

    def work():
        try:
            for _ in range(5):
                mine = prepare(p)
                try:
                    mine()
                except (TypeError, RuntimeError, ImportError, AttributeError):
                    pass
        except BaseException as error:
            failed.append(error)

    import threading

    threads = [threading.Thread(target=work) for _ in range(2)]
    kit.STARTED.extend(threads)
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        for thread in threads:
            thread.join(15)
        kit.check(not any(thread.is_alive() for thread in threads), "the threads ended")
    for error in failed:
        kit.check(not kit.is_wordless(error), "an error has a word")


def interpreter(p, act, n):
    import interp

    interpreter.met = True
    other = interp.Interpreter(p, "shared" if n == 0 or sys.version_info < (3, 13) else "own")
    if other.started is None:
        code = f"import fault; act = fault.OPERATIONS[{p.prepare.__name__!r}][0]; p.addresses = []; p.after = None"
        other.run(code + "\nfor _ in range(3):\n    mine = act(p)\n    try: mine()\n    except Exception: pass")
    try:
        act()
    finally:
        other.end()


# ---- One try. ----


def outcome(error):
    if error is None:
        return "value"
    if isinstance(error, (MemoryError, RecursionError, Pending)):
        return type(error).__name__
    slug = kit.slug_of(error)
    if slug:
        return f"refused({slug})"
    if isinstance(error, ImportError):
        return "ImportError"
    return type(error).__name__


def attempt(p, name, run, n):
    """In the child: prepares, meets the fault, and looks whether all is well. Returns what to say."""
    prepare, _ = OPERATIONS[name]
    p.prepare, p.addresses, p.after = prepare, [], None
    before = p.live()
    act = prepare(p)
    error = None
    run.met, run.seen = False, 0
    try:
        run(p, act, n)
    except Exception as raised:
        error = raised.with_traceback(None)
    except BaseException as raised:
        if type(raised).__name__ != "PanicException":
            raise
        error = raised.with_traceback(None)
    said = {"outcome": outcome(error), "met": bool(run.met), "seen": run.seen}
    if kit.is_wordless(error):
        said["wordless"] = str(error)[:120]
    elif error is not None and said["outcome"] == "PanicException" and "null" not in str(error):
        said["wrong"] = f"a panic: {str(error)[:120]}"
    elif said["outcome"] == "AttributeError" and sys.version_info >= (3, 13) and str(error).startswith("type object '"):
        # What `type.__setattr__` says since 3.13 without a GIL, and since 3.14, when the class's dict can't grow; the registry
        # knows that.
        if "__interbind" in str(error):
            said["wrong"] = f"memory's end in other words: {kit.short(error)}"
    elif error is not None and said["outcome"] == "AttributeError":
        said["wrong"] = f"another error than memory's: {kit.short(error)}"
    # `act` and the error keep things alive.
    del error, act
    if p.after:
        try:
            p.after()
        except Exception:
            pass
    p.prepare = p.after = None
    try:
        kit.collect()
        for address in p.addresses:
            # If it comes back, then soon.
            kit.probe(p, address, 400)
        p.works()
        if not name.startswith("control"):
            again = prepare(p)
            try:
                again()
            except (TypeError, RuntimeError):
                pass
            if p.after:
                try:
                    p.after()
                except Exception:
                    pass
            p.after = None
            del again
        p.drop()
        kit.collect()
        changed = kit.differences(before, p.live())
        if changed:
            said["wrong"] = f"counts: {changed}"
    except kit.Wrong as wrong:
        said["wrong"] = str(wrong)
    except BaseException as wrong:
        said["wrong"] = f"afterwards: {type(wrong).__name__}: {str(wrong)[:150]}"
    return said


# A try that computes for so long, or waits for so long, is a hang. Where memory is gone for good, CPython has endless loops of
# its own; half a second is enough to know them again.
COMPUTES, KNOWN, WAITS = (20 if hasattr(sys, "gettotalrefcount") else 3), 0.5, 90
# And it ends its process where an exception can't be made whole several times in a row.
OWN_END = b"Cannot recover from MemoryErrors while normalizing exceptions"

# The C library does where a thread's first exception in C++ has no memory.
NO_THREAD_LOCAL = b"cannot allocate memory for thread-local data"


def is_in_import(said):
    """Whether the innermost frame is Python code of the import machinery's, which calls no extension."""
    frames = re.findall(rb'^  File "([^"]*)", line \d+ in (\S+)', said, re.MULTILINE)
    calls = (b"exec_module", b"create_module", b"_call_with_frames_removed")
    return bool(frames) and frames[0][0].startswith(b"<frozen importlib") and frames[0][1] not in calls


def fork(p, name, run, n, hangs=0):
    """One try in a child; says how it ended."""
    reader, writer = os.pipe()
    last_words = os.memfd_create("last words")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.dup2(last_words, 2)
            signal.alarm(WAITS)
            signal.setitimer(signal.ITIMER_VIRTUAL, COMPUTES if hangs < 2 else KNOWN)
            try:
                said = attempt(p, name, run, n)
            except kit.Skip as reason:
                said = {"skip": str(reason)}
            os.write(writer, json.dumps(said).encode())
            code = 0
        except SystemExit as error:
            code = error.code
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    said = os.pread(last_words, 10000, 0)
    os.close(last_words)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if (number == signal.SIGABRT and OWN_END in said) or is_in_import(said):
            return {"outcome": "CPython ends itself", "met": True}
        return {"wrong": "hang" if number in (signal.SIGALRM, signal.SIGVTALRM) else signal.Signals(number).name, "met": True}
    code = os.WEXITSTATUS(status)
    if code == 127 and NO_THREAD_LOCAL in said:
        return {"outcome": "the C library ends the process", "met": True}
    if code == 9:
        return {"wrong": "a wrong value", "met": True}
    if code or not text:
        return {"wrong": f"exit code {code}", "met": True}
    return json.loads(text)


def tries(p, name, mode, run):
    """Every try of an operation in a mode, as one report."""
    report = {"operation": name, "mode": mode, "kind": p.kind, "tries": 0, "met": 0, "allocations": 0, "outcomes": {}, "bad": [],
              "wordless": []}
    quiet = 0
    for n in [n for n in FEW if n < MOST[mode]] if name in LONG else range(MOST[mode]):
        hangs = sum(why == "hang" for _, why in report["bad"])
        if hangs > 2 and name.startswith("control"):
            # It is known that Python has them.
            break
        said = fork(p, name, run, n, hangs)
        if "skip" in said:
            report["skip"] = said["skip"]
            break
        report["tries"] += 1
        report["met"] += said["met"]
        report["allocations"] = max(report["allocations"], said.get("seen", 0))
        found = said.get("outcome", "ended")
        report["outcomes"][found] = report["outcomes"].get(found, 0) + 1
        if "wordless" in said:
            report["wordless"].append([n, said["wordless"]])
        if "wrong" in said:
            report["bad"].append([n, said["wrong"]])
        quiet = 0 if said["met"] or "wrong" in said else quiet + 1
        if quiet >= QUIET.get(mode, 6):
            break
    report["bad_tries"] = len(report["bad"])
    report["bad"] = report["bad"][:300]
    return report


def main(kind, mode, *only):
    kit.quiet()
    sys.path.append(HERE)
    p = adapters.provider(kind)
    p.addresses, p.after, p.prepare = [], None, None
    p.works()
    p.works()
    # The first exception in C++ wants memory of the thread's own, without which the C library ends the process.
    for read in p.readers.values():
        try:
            read(object())
        except TypeError:
            pass
    p.drop()
    hook = Hook(mode) if mode in HOOKED else None
    run = {"depth": depth, "gc": collecting, "trace": tracing(sys.settrace), "profile": tracing(sys.setprofile), "pending": pending,
           "thread": threading_mode, "interpreter": interpreter}.get(mode) or hooked(hook, mode)
    kit.collect()
    gc.disable()
    if hasattr(gc, "freeze"):
        # The children's collections have little to look at.
        gc.freeze()
    for name, (_, needs) in OPERATIONS.items():
        if (not only or name in only) and needs <= p.abilities:
            print(json.dumps(tries(p, name, mode, run)), flush=True)


def plan(kinds):
    """Which operations each kind has."""
    kit.quiet()
    abilities = {kind: adapters.provider(kind).abilities for kind in kinds}
    print(json.dumps([[name, [kind for kind in kinds if needs <= abilities[kind]]] for name, (_, needs) in OPERATIONS.items()]))


if __name__ == "__main__":
    faulthandler.enable()
    if sys.argv[1:2] == ["--plan"]:
        plan(sys.argv[2:])
    else:
        main(*sys.argv[1:])
