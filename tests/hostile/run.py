"""Runs one attempt in this process: `run.py KIND ATTEMPT`; prints one line of JSON. `run.py --plan KIND…` prints which attempts are
for a kind. `run.py --serve KIND` makes each attempt that it reads of in a process of its own, forked when everything is imported
and nothing was called.

`tests/src/hostile/attempt.rs` starts it, and reads how the process ends: a signal, a hang and a wrong exit code are its
findings. Everything else is said here: `outcome` is what the hostile calls came to, `wrong` the first check that failed,
`leaks` what didn't return to its count.
"""

import faulthandler
import glob
import importlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, HERE)
# A hang says where it hangs, and ends the process with this code.
SECONDS = int(os.environ.get("INTERBIND_HOSTILE_SECONDS", "40"))

import kit  # noqa: E402

FRAME = {"adapters", "kit", "run", "fault"}


def load_attempts(family=None):
    families = sorted(os.path.basename(file)[:-3] for file in glob.glob(os.path.join(HERE, "*.py")))
    for name in families:
        if name not in FRAME and family in (None, name):
            importlib.import_module(name)


def count(p):
    kit.collect()
    return p.live()


def watch_threads():
    """CPython 3.13 without a GIL makes classes immortal once a thread or an interpreter was started: their records stay."""
    import threading

    start = threading.Thread.start

    def watched(self):
        kit.STARTED.append(1)
        start(self)

    threading.Thread.start = watched


def say(report):
    report["outcomes"] = sorted(set(kit.OUTCOMES))
    report["checks"], report["notes"] = kit.CHECKS, kit.NOTES[-8:]
    print(json.dumps(report), flush=True)


def main(kind, name):
    prepare()
    load_attempts(name.split(".")[0])
    import adapters

    guard()
    make(adapters.provider(kind), kind, name)


def prepare():
    kit.quiet()
    watch_threads()


def guard():
    faulthandler.enable()
    faulthandler.dump_traceback_later(SECONDS, exit=True)


def make(p, kind, name):
    import adapters

    attempt = kit.ATTEMPTS[name]
    report = {"attempt": name, "kind": kind}
    reason = attempt.reason_to_skip(p)
    if reason:
        return say({**report, "outcome": f"skip({reason})"})
    for module in attempt.imports:
        adapters.optional(module)
    # Twice: what is made once and kept is made now.
    p.works()
    p.works()
    kit.OUTCOMES.clear()
    before = count(p)
    try:
        attempt.function(p)
        report["outcome"] = kit.OUTCOMES[-1] if kit.OUTCOMES else "value"
    except kit.Skip as error:
        return say({**report, "outcome": f"skip({error})"})
    except kit.Wrong as error:
        report.update(outcome="wrong", wrong=str(error))
    except BaseException as error:
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}:{last.lineno}"
        report.update(outcome="wrong", wrong=f"the attempt raised {type(error).__name__} at {where}: {str(error)[:200]}")
    if "wrong" not in report and not attempt.leaves:
        sys.settrace(None)
        sys.setprofile(None)
        try:
            p.works()
            leaks = kit.differences(before, count(p))
            if leaks and not kit.PYPY:
                report["leaks"] = leaks
        except BaseException as error:
            report["wrong"] = f"afterwards a good call fails: {type(error).__name__}: {str(error)[:200]}"
    say(report)


def serve(kind, patience):
    """Reads lines of an attempt and a file; answers each with how its process ended, as `os.waitpid` says it, or `hang`. What the
    process prints goes to the file with two endings."""
    prepare()
    load_attempts()
    import adapters

    p = adapters.provider(kind)
    for line in iter(sys.stdin.readline, ""):
        name, file = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            for number, path in enumerate((os.devnull, file + ".out", file + ".err")):
                opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                os.dup2(opened, number)
                os.close(opened)
            guard()
            # It ends as every process of Python does, by the end of this file.
            return make(p, kind, name)
        print(ended(child, patience), flush=True)


def ended(child, patience):
    import signal
    import time

    end = time.monotonic() + patience
    if hasattr(os, "pidfd_open"):
        import select

        handle = os.pidfd_open(child)
        over = not select.select([handle], [], [], patience)[0]
        os.close(handle)
        if not over:
            return os.waitpid(child, 0)[1]
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hang"


def plan(kinds):
    """Which attempts are for which kind."""
    load_attempts()
    import adapters

    found = {}
    for kind in kinds:
        p = adapters.provider(kind)
        found[kind] = [name for name, each in kit.ATTEMPTS.items() if each.reason_to_skip(p) is None]
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plan"]:
        plan(sys.argv[2:])
    elif sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], float(sys.argv[3]))
    else:
        main(*sys.argv[1:3])
