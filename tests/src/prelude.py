# What every script of the tests may use; `src/modules.rs` puts it in front of them.
import gc
import re
import sys
import threading
import weakref

PYPY = sys.implementation.name == "pypy"


def collect():
    """Collects until nothing more can die: PyPy needs several rounds."""
    for _ in range(5):
        gc.collect()


def refused(slug, call, *arguments):
    """Calls, and returns the refusal, which must carry that reason."""
    try:
        result = call(*arguments)
    except Exception as error:
        assert slug_of(error) == slug, f"expected {slug}, found {slug_of(error)}: {error!r}"
        return error
    raise AssertionError(f"expected {slug}, got {result!r}")


def slug_of(error):
    """The reason at the end of a message's first line; the attribute, where the exception has one, says the same."""
    first = str(error).split("\n")[0]
    said = re.search(r"\(([a-z0-9-]+)\)$", first)
    reason = getattr(error, "interbind_reason", None)
    if said and reason:
        assert said.group(1) == reason, (first, reason)
    return reason or (said.group(1) if said else None)


def counts(*objects):
    """Reference counts; PyPy has none."""
    return [] if PYPY else [sys.getrefcount(object) for object in objects]


def in_thread(call, *arguments):
    """Calls on another thread; what it raises is raised here."""
    found = []

    def run():
        try:
            found.append((True, call(*arguments)))
        except BaseException as error:
            found.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    [(good, value)] = found
    if not good:
        raise value
    return value


def skip(reason):
    """Ends the script: this interpreter can't do it."""
    print(f"skip: {reason}")
    sys.exit(0)
