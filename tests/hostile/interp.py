"""Several interpreters: they share, come and go, and end with everything alive."""

import gc
import os
import sys

from death import doomed
from kit import STARTED, attempt, attack, check, collect, note, probe, skip, together

try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        interpreters = None

NEW = hasattr(interpreters, "exec")
OWN_GIL = ("shared", "own") if sys.version_info >= (3, 12) else ("shared",)

# What another interpreter does at its start: the adapters and a provider of the same kind.
START = """
import sys
sys.path[:] = {path!r}
import kit, adapters
kit.quiet()
p = adapters.provider({kind!r})
from death import doomed
import gc
"""


class Interpreter:
    def __init__(self, p, gil, start=True):
        if interpreters is None:
            skip("there are no second interpreters")
        if gil == "own" and sys.version_info < (3, 12):
            skip("own GILs came later")
        if NEW:
            self.id = interpreters.create("isolated" if gil == "own" else "legacy")
        else:
            self.id = interpreters.create(isolated=gil == "own")
        self.ended = False
        STARTED.append(1)
        self.started = self.run(START.format(path=sys.path, kind=p.kind)) if start else None

    def run(self, code):
        """Runs code; returns what it raised, or None."""
        try:
            failure = interpreters.exec(self.id, code) if NEW else interpreters.run_string(self.id, code)
        except Exception as error:
            return str(error)
        return None if failure is None else f"{getattr(failure, 'formatted', failure)}"

    def end(self):
        if not self.ended:
            for _ in range(100):
                try:
                    interpreters.destroy(self.id)
                    break
                except Exception as error:
                    if "running" not in str(error):
                        raise
            self.ended = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def sure(found, what):
    check(found is None, f"{what}, not {str(found)[:200]}")


def second(p, gil):
    """A second interpreter in which the provider works; PyO3's modules refuse it, which is right too."""
    other = Interpreter(p, gil)
    if other.started is not None:
        note("refused there", other.started[:100])
        refused = any(word in other.started for word in ("ImportError", "interpreter", "single"))
        check(refused, f"a refusal with a reason, not {other.started[:200]}")
        if "each-interpreter" in p.abilities and p.kind != "c-frozen":
            note("unexpected", "a module for each interpreter was refused")
        other.end()
        return None
    return other


@attempt(each=OWN_GIL)
def is_made_and_ends(p, gil):
    for _ in range(3):
        other = second(p, gil)
        if other is None:
            return
        sure(other.run("p.works(); p.refuses(object())"), "sharing works there")
        p.works()
        other.end()
    p.works()


@attempt(each=OWN_GIL)
def ends_with_everything_alive(p, gil):
    other = second(p, gil)
    if other is None:
        return
    sure(other.run("""
things = [p.make(seed) for seed in range(20)]
cls = doomed(p); thing = p.new(cls, 3); cls2 = doomed(p)
if 'hold' in p.abilities:
    # The C++ participant counts what it holds for the process.
    p.consumers = [each for each in getattr(p, 'consumers', []) if 'raw' in each.__name__]
    held = p.hold(thing)
sys.kept = [things, cls, thing, p]
import builtins; builtins.kept = sys.kept
"""), "everything is made")
    other.end()
    collect()
    p.works()


@attempt("mortal", each=OWN_GIL)
def classes_die_there_and_here(p, gil):
    other = second(p, gil)
    if other is None:
        return
    for _ in range(5):
        cls = doomed(p)
        address = id(cls)
        sure(other.run("cls = doomed(p); p.reads(p.new(cls, 4), 4)"), "a class is shared there")
        del cls
        collect()
        sure(other.run("p.reads(p.new(cls, 4), 4); del cls; gc.collect()"), "and lives as long as it should")
    p.works()
    other.end()
    probe(p, address)


@attempt("mortal", each=OWN_GIL)
def a_record_moves_from_one_to_another(p, gil):
    other = second(p, gil)
    if other is None:
        return
    for turn in range(8):
        cls = doomed(p)
        del cls
        collect()
        sure(other.run("cls = doomed(p)"), "a class is published there")
        cls = doomed(p)
        sure(other.run("p.reads(p.new(cls, 2), 2); p.works()"), "it is read there")
        p.reads(p.new(cls, 3), 3)
        sure(other.run("del cls; gc.collect(); p.works()"), "it dies there")
        p.reads(p.new(cls, 3), 3)
        del cls
    other.end()
    collect()
    p.works()


@attempt("mortal", each=OWN_GIL)
def many_come_and_go(p, gil):
    for _ in range(6):
        others = [second(p, gil) for _ in range(3)]
        for other in others:
            if other is not None:
                sure(other.run("cls = doomed(p); p.works()"), "it works there")
        cls = doomed(p)
        for other in others:
            if other is not None:
                other.end()
        p.reads(p.new(cls, 3), 3)
        del cls
        collect()


@attempt("mortal", each=OWN_GIL)
def at_the_same_time(p, gil):
    if gil == "own" and sys.version_info < (3, 13):
        skip("CPython before 3.13 doesn't survive threads in such interpreters")

    def here():
        for _ in range(20):
            cls = doomed(p)
            p.reads(p.new(cls, 3), 3)
            del cls

    def there():
        other = second(p, gil)
        if other is not None:
            sure(other.run("for _ in range(20):\n    cls = doomed(p)\n    p.reads(p.new(cls, 3), 3)\n    del cls"), "it works there")
            other.end()

    together(here, there, there)
    collect()


@attempt(each=OWN_GIL)
def the_second_ends_in_the_first_s_borrow(p, gil):
    if not p.ways():
        skip("no borrow calls Python code")
    other = second(p, gil)
    if other is None:
        return
    thing = p.make(3)
    for way in p.ways().values():
        if not other.ended:
            good, found = attack(way, thing, False, other.end)
            check(not good or found == p.value(3), "the value is right")
    other.end()
    p.reads(thing, 3)


@attempt(each=OWN_GIL)
def the_second_is_at_the_limit(p, gil):
    other = second(p, gil)
    if other is None:
        return
    sure(other.run("""
cls = [doomed(p)]
address = id(cls[0])
cls.clear()
kit.at_limit(lambda: sorted([2], key=gc.collect))
kit.collect()
kit.probe(p, address)
"""), "a death isn't missed there")
    other.end()
    p.works()


@attempt(leaves=True, each=OWN_GIL)
def the_state_of_the_second_is_deleted(p, gil):
    other = second(p, gil)
    if other is None:
        return
    other.run("""
import anchors
for state in anchors.state_dicts():
    for key in list(state):
        if type(key) is str and key.startswith('__interbind_'):
            del state[key]
gc.collect()
""")
    sure(other.run("p.works()"), "sharing goes on there")
    other.end()
    p.works()


@attempt(each=OWN_GIL)
def a_module_of_the_first_is_given_to_the_second(p, gil):
    """No object crosses interpreters in pure Python; a file does, and a name."""
    other = second(p, gil)
    if other is None:
        return
    name = p.modules[-1].__name__
    sure(other.run(f"for _ in range(3): kit.attack(adapters.load, {name!r})"), "copies load there")
    for _ in range(3):
        from adapters import load

        attack(load, name)
    collect()
    other.end()
    p.works()
