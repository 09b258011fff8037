# Tries an operation with one failing allocation after the other, each in a forked child; behind the prelude.
import ctypes
import json
import os
import signal

QUIET = 25
# As in `tests/hostile/failmalloc.c`.
FAIL_ONE = 0
hook = ctypes.PyDLL(None)
hook.hostile_set.argtypes = [ctypes.c_long, ctypes.c_int]
hook.hostile_end.restype = ctypes.c_long


def one(operation, n):
    """What comes of the n-th failure: a word, and whether an allocation failed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = ["value", 0]
        hook.hostile_set(n, FAIL_ONE)
        try:
            operation()
            hit = hook.hostile_end()
        except BaseException as error:
            hit = hook.hostile_end()
            reason = getattr(error, "interbind_reason", None)
            said[0] = f"refusal {reason}" if reason else f"{type(error).__name__}: {error}"
            del error
        said[1] = hit
        os.write(writer, json.dumps(said).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        return f"exit {os.WEXITSTATUS(status)}", 1
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}", 1
    return tuple(json.loads(text))


def each(operation):
    """What came of the failures, and how many there were."""
    outcomes, quiet, n, hits = {}, 0, 0, 0
    while quiet < QUIET:
        outcome, hit = one(operation, n)
        quiet = 0 if hit else quiet + 1
        hits += bool(hit)
        outcomes.setdefault(outcome, []).append(n)
        n += 1
    return outcomes, hits


def withstands(operation, *allowed):
    """Nothing but a value, a MemoryError or what is allowed comes of it, and something failed."""
    outcomes, hits = each(operation)
    fine = ("value", "MemoryError", *allowed)
    bad = {outcome: at for outcome, at in outcomes.items() if not outcome.startswith(fine)}
    assert not bad, (bad, outcomes)
    assert hits > 0, outcomes
    return hits
