# Tries an operation with one failing allocation after the other, each in a forked child; behind the prelude.
import ctypes
import json
import os
import signal
import sys

QUIET = 25
# As in `tests/hostile/failmalloc.c`.
FAIL_ONE, PYTHON_ONE = 0, 3
hook = ctypes.PyDLL(None)
hook.hostile_set.argtypes = [ctypes.c_long, ctypes.c_int]
hook.hostile_end.restype = ctypes.c_long


def one(operation, n, how, afterwards):
    """What comes of the n-th failure: a word, and whether an allocation failed. Then there is memory again, and Python ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = ["value", 0]
        try:
            hook.hostile_set(n, how)
            operation()
            hit = hook.hostile_end()
        except BaseException as error:
            hit = hook.hostile_end()
            reason = getattr(error, "interbind_reason", None)
            said[0] = f"refusal {reason}" if reason else f"{type(error).__name__}: {error}"
            del error
        said[1] = hit
        try:
            afterwards()
        except BaseException as error:
            said = [f"afterwards {type(error).__name__}: {error}", 1]
        os.write(writer, json.dumps(said).encode())
        os.close(writer)
        sys.exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        return f"exit {os.WEXITSTATUS(status)}", 1
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}", 1
    return tuple(json.loads(text))


def each(operation, how=FAIL_ONE, afterwards=lambda: None):
    """What came of the failures, and how many there were."""
    outcomes, quiet, n, hits = {}, 0, 0, 0
    while quiet < QUIET:
        outcome, hit = one(operation, n, how, afterwards)
        quiet = 0 if hit else quiet + 1
        hits += bool(hit)
        outcomes.setdefault(outcome, []).append(n)
        n += 1
    return outcomes, hits


def withstands(operation, *allowed, **how):
    """Nothing but a value, a MemoryError or what is allowed comes of it, and something failed."""
    outcomes, hits = each(operation, **how)
    fine = ("value", "MemoryError", *allowed)
    bad = {outcome: at for outcome, at in outcomes.items() if not outcome.startswith(fine)}
    assert not bad, (bad, outcomes)
    assert hits > 0, outcomes
    return hits
