"""Modules that were created and never executed, executed halfway, or executed in another's place. Their functions are there."""

import gc
import importlib.util
import sys
import types

from adapters import load
from kit import attempt, attack, collect, skip

from arguments import functions_of


def created(module):
    return load(module.__name__, module.__file__, execute=False)


def call_all(p, module):
    thing = p.make(3)
    # One of the provider's stays published for as long as the attempts look.
    cls = p.bare() if "bare" in p.abilities else p.cls
    called = 0
    for name, function in functions_of(module):
        for arguments in ((), (thing,), ("point2d", thing), ("tracked", "point2d", bytes(16)), ("point2d", bytes(16)), (thing, thing),
                          ("point2d", thing, False, int), ("tracked", "point2d"), ("tracked", "point2d", cls), (1,)):
            attack(function, *arguments)
            called += 1
    return called


@attempt()
def every_function_is_called(p):
    called = 0
    for module in p.modules:
        good, other = attack(created, module)
        if good:
            called += call_all(p, other)
    p.works()
    if not called:
        skip("its functions come with the execution")


@attempt()
def it_is_dropped(p):
    for module in p.modules:
        for _ in range(10):
            attack(created, module)
        gc.collect()
    p.works()


@attempt()
def it_is_executed_later(p):
    for module in p.modules:
        good, other = attack(created, module)
        if good:
            call_all(p, other)
            attack(other.__spec__.loader.exec_module, other)
            attack(other.__spec__.loader.exec_module, other)
    p.works()


@attempt()
def it_is_executed_on_another_thread(p):
    from kit import in_thread

    for module in p.modules:
        good, other = attack(created, module)
        if good:
            attack(in_thread, other.__spec__.loader.exec_module, other)
    p.works()


@attempt()
def a_plain_module_is_executed_in_its_place(p):
    for module in p.modules:
        plain = types.ModuleType(module.__name__)
        plain.__spec__ = module.__spec__
        plain.__loader__ = module.__loader__
        attack(module.__loader__.exec_module, plain)
    p.works()


@attempt()
def one_module_s_loader_executes_another(p):
    loaders = [module.__loader__ for module in p.modules]
    for loader, module in zip(loaders, reversed(p.modules)):
        good, other = attack(created, module)
        if good:
            attack(loader.exec_module, other)
    p.works()


@attempt()
def an_execution_fails_halfway(p):
    """The module's dictionary takes no names while it is executed."""
    for module in p.modules:
        for n in range(0, 12):
            good, other = attack(created, module)
            if not good:
                continue
            left = [n]

            class Odd(type(other)):
                def __setattr__(self, name, value):
                    left[0] -= 1
                    if left[0] < 0:
                        raise RuntimeError("not today")
                    super().__setattr__(name, value)

            if attack(setattr, other, "__class__", Odd)[0]:
                attack(module.__loader__.exec_module, other)
                if n % 4 == 0:
                    call_all(p, other)
    p.drop()
    p.works()
    collect()


@attempt()
def created_under_another_name(p):
    # A debug build of CPython asserts that there is a name.
    nameless = () if hasattr(sys, "gettotalrefcount") else ("",)
    for module in p.modules:
        for name in ("x", *nameless, "a.b", "é", module.__name__ + "\0", "PyInit_" + module.__name__):
            attack(load, name, module.__file__)
    p.works()


@attempt()
def a_spec_that_lies(p):
    for module in p.modules:
        spec = importlib.util.spec_from_file_location(module.__name__, module.__file__)
        for name, value in (("origin", None), ("origin", 5), ("name", module.__name__), ("loader", None)):
            attack(setattr, spec, name, value)
            attack(importlib.util.module_from_spec, spec)
    p.works()


@attempt()
def created_in_a_second_interpreter(p):
    from interp import Interpreter

    with Interpreter(p, "shared") as other:
        if other.started is None:
            other.run("import unexecuted\nfor module in p.modules:\n    unexecuted.call_all(p, unexecuted.created(module))")
    p.works()
