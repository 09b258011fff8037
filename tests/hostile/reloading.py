"""Modules are imported again, in further copies, freed while they are used, and taken apart."""

import gc
import importlib
import sys

from adapters import load
from arguments import functions_of
from kit import attempt, attack, check, collect, in_thread, probe, short, skip


def copies(p, module=None):
    """A further copy of the provider's module or of another, or a skip where its author allows one alone."""
    good, module = attack(load, (module or p.modules[0]).__name__)
    if not good:
        check(isinstance(module, (ImportError, RuntimeError, TypeError)), "a second copy is refused with an error")
        skip("its module allows no second copy")
    return module


@attempt()
def a_copy_is_loaded_and_dropped(p):
    for module in p.modules:
        for _ in range(5):
            good, copy = attack(load, module.__name__)
            del copy
            collect()
            p.works()


@attempt()
def a_module_is_reloaded(p):
    for module in p.modules:
        attack(importlib.reload, module)
    p.works()


@attempt()
def modules_are_forgotten_and_imported(p):
    kept = {}
    for module in p.modules:
        kept[module.__name__] = sys.modules.pop(module.__name__)
    thing = p.make(3)
    p.reads(thing, 3)
    for name in kept:
        attack(importlib.import_module, name)
    p.reads(thing, 3)
    sys.modules.update(kept)
    p.works()


@attempt()
def a_copy_is_freed_while_its_function_runs(p):
    module = copies(p)
    names = [module]
    functions = [function for name, function in functions_of(module)]
    del module

    class Evil:
        def __getattribute__(self, name):
            names.clear()
            gc.collect()
            raise AttributeError(name)

        def __index__(self):
            names.clear()
            gc.collect()
            return 3

        __float__ = __index__
        __str__ = __repr__ = lambda self: str(self.__index__())

    for function in functions:
        for arguments in ((), (Evil(),), (Evil(), Evil()), (Evil(), Evil(), Evil())):
            attack(function, *arguments)
    del functions, function
    collect()


@attempt("copies")
def a_copy_is_freed_in_a_refusal(p):
    module = copies(p, p.reading)
    names = {"module": module}
    reader = p.reader_in(module)
    del module

    class Meta(type):
        def __getattribute__(cls, name):
            names.clear()
            gc.collect()
            return type.__getattribute__(cls, name)

    class Evil(metaclass=Meta):
        pass

    good, _ = attack(reader, Evil())
    check(not good, "a stranger is refused")
    del reader
    collect()


@attempt("copies")
def functions_outlive_their_copy(p):
    module = copies(p, p.reading)
    reader = p.reader_in(module)
    thing = p.make(3)
    del module
    collect()
    good, found = attack(reader, thing)
    check(not good or found == p.value(3), f"the value is right, not {short(found)}")
    owner = getattr(reader, "__self__", None)
    if owner is not None:
        vars(owner).clear()
    del owner
    collect()
    good, found = attack(reader, thing)
    check(not good or found == p.value(3), f"the value is right, not {short(found)}")


@attempt("copies")
def a_class_outlives_its_copy(p):
    cls = p.class_of(load(p.module.__name__)) if hasattr(p, "class_of") else getattr(load("layer"), p.flavour.capitalize())
    collect()
    thing = p.new(cls, 3)
    p.reads(thing, 3)
    address = id(cls)
    del cls, thing
    collect()
    probe(p, address)


@attempt("copies")
def objects_outlive_their_copy(p):
    cls = p.class_of(load(p.module.__name__)) if hasattr(p, "class_of") else getattr(load("layer"), p.flavour.capitalize())
    things = [p.new(cls, seed) for seed in range(10)]
    del cls
    collect()
    for seed, thing in enumerate(things):
        p.reads(thing, seed)
    del things, thing
    collect()


@attempt("copies")
def fifty_copies_one_after_the_other(p):
    for seed in range(50):
        module = load(p.module.__name__)
        cls = p.class_of(module) if hasattr(p, "class_of") else getattr(module, p.flavour.capitalize())
        p.reads(p.new(cls, seed), seed)
        del module, cls
        if seed % 5 == 0:
            collect()
    collect()


@attempt("copies")
def ten_copies_at_once(p):
    modules = [load(p.module.__name__) for _ in range(10)]
    classes = [p.class_of(module) if hasattr(p, "class_of") else getattr(module, p.flavour.capitalize()) for module in modules]
    for seed, cls in enumerate(classes):
        p.reads(p.new(cls, seed), seed)
    addresses = [id(cls) for cls in classes]
    del modules[::2], classes[::2]
    del cls
    collect()
    for seed, cls in enumerate(classes):
        p.reads(p.new(cls, seed), seed)
    del modules, classes, cls
    module = None
    collect()
    probe(p, addresses[0])


@attempt()
def a_module_loses_its_dictionary(p):
    good, module = attack(load, p.modules[-1].__name__)
    if not good:
        skip("its module allows no second copy")
    functions = [value for value in vars(module).values() if callable(value)]
    vars(module).clear()
    del module
    collect()
    for function in functions:
        if not isinstance(function, type):
            attack(function, p.make(3))
    if p.kind.startswith("layer"):
        # All copies keep an object in the same place: `keep` was among them.
        p.module.unkeep()
    del functions, function
    collect()


@attempt()
def a_module_is_executed_twice(p):
    for module in p.modules:
        attack(module.__spec__.loader.exec_module, module)
    p.works()


@attempt()
def a_copy_is_imported_on_another_thread(p):
    for module in p.modules:
        attack(in_thread, load, module.__name__)
    collect()
    p.works()


@attempt()
def an_import_is_interrupted(p):
    """A trace function raises at the n-th event of an import."""
    for module in p.modules:
        for n in range(0, 30, 3):
            left = [n]

            def trace(*_):
                left[0] -= 1
                if left[0] == 0:
                    raise InterruptedError("not today")
                return trace

            sys.settrace(trace)
            try:
                attack(load, module.__name__)
            except InterruptedError:
                pass
            finally:
                sys.settrace(None)
    collect()
    p.works()
