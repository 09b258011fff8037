"""What the registry leaves where Python code finds it: in a class's dictionary, and in the interpreter's state. Deleted, kept,
overwritten, swapped, cleared, copied: it ends in a refusal or in a longer life, never in a wrong read."""

import copy
import gc
import pickle
import sys
import weakref

from death import doomed
from kit import PYPY, attempt, attack, check, collect, note, probe, skip, together


def keys_of(cls):
    return [key for base in cls.__mro__ for key in vars(base) if isinstance(key, str) and key.startswith("__interbind_")]


def anchored(p):
    """A class that carries its anchor itself, the key, and the anchor."""
    cls = doomed(p)
    own = [key for key in vars(cls) if key.startswith("__interbind_")]
    if not own:
        skip("the class carries nothing of the registry's")
    return cls, own[0], vars(cls)[own[0]]


def state_dicts():
    found = []
    for each in gc.get_objects():
        # Since 3.14 the collector hands out CPython's own dictionary of interned strings too, where each key is its value: who
        # deletes one of those ends the process with CPython's words, with no extension at all.
        if type(each) is dict and any(
            type(key) is str and key.startswith("__interbind_") and value is not key for key, value in list(each.items())
        ):
            # A class's own dictionary is another matter.
            if "__module__" not in each and "__name__" not in each:
                found.append(each)
    return found


def state(p):
    found = state_dicts()
    if not found:
        skip("the state isn't found by gc.get_objects()")
    key = [key for key in found[0] if type(key) is str and key.startswith("__interbind_")][0]
    return found[0], key


@attempt("mortal")
def is_deleted(p):
    cls, key, anchor = anchored(p)
    del anchor
    attack(delattr, cls, key)
    collect()
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def is_kept_and_deleted(p):
    cls, key, anchor = anchored(p)
    attack(delattr, cls, key)
    p.reads(p.new(cls, 3), 3)
    address, alive = id(cls), weakref.ref(cls)
    del cls
    collect()
    check(alive() is not None, "who keeps the anchor keeps the class")
    del anchor
    collect()
    probe(p, address)


@attempt("mortal")
def is_overwritten(p):
    cls, key, anchor = anchored(p)
    attack(setattr, cls, key, 5)
    del anchor
    collect()
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls
    collect()
    probe(p, address)


@attempt("mortal")
def is_put_into_another_class(p):
    cls, key, anchor = anchored(p)
    address = id(cls)
    other = type("Other", (), {key: anchor})
    del cls, anchor
    collect()
    p.refuses(other())
    del other
    collect()
    probe(p, address)


@attempt("mortal")
def two_are_swapped(p):
    one, first, a = anchored(p)
    two, second, b = anchored(p)
    attack(setattr, one, first, b)
    attack(setattr, two, second, a)
    del a, b
    addresses = id(one), id(two)
    p.reads(p.new(one, 3), 3)
    p.reads(p.new(two, 4), 4)
    del one
    collect()
    p.reads(p.new(two, 4), 4)
    del two
    collect()
    for address in addresses:
        probe(p, address)


@attempt("mortal", each=("called", "copied", "deeply copied", "pickled", "made", "made by object", "subclassed", "reduced",
                         "initialised", "given a class", "given a finaliser", "given a state", "compared", "entered"))
def is_poked(p, how):
    cls, key, anchor = anchored(p)
    kind = type(anchor)
    pokes = {
        "called": lambda: anchor(cls),
        "copied": lambda: copy.copy(anchor),
        "deeply copied": lambda: copy.deepcopy(anchor),
        "pickled": lambda: pickle.dumps(anchor),
        "made": lambda: kind(cls),
        "made by object": lambda: object.__new__(kind),
        "subclassed": lambda: type("Sub", (kind,), {})(),
        "reduced": lambda: anchor.__reduce_ex__(4)[0](*anchor.__reduce_ex__(4)[1]),
        "initialised": lambda: anchor.__init__(cls),
        "given a class": lambda: setattr(anchor, "__class__", type("Odd", (), {"__slots__": ()})),
        "given a finaliser": lambda: setattr(kind, "__del__", lambda self: None),
        "given a state": lambda: anchor.__setstate__({}),
        "compared": lambda: (anchor == anchor, hash(anchor), bool(anchor), str(anchor)),
        "entered": lambda: anchor.__get__(p.new(cls, 1), cls),
    }
    made = attack(pokes[how])
    p.reads(p.new(cls, 3), 3)
    address = id(cls)
    del cls, anchor, kind, pokes, made
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_is_cloned_with_it(p):
    cls, key, anchor = anchored(p)
    del anchor
    address = id(cls)
    good, clone = attack(lambda: type("Clone", cls.__bases__, dict(vars(cls))))
    del cls
    collect()
    if good:
        attack(lambda: p.refuses(clone()))
    del clone
    collect()
    probe(p, address)


@attempt("mortal")
def a_class_is_revived_by_a_finaliser(p):
    cls = doomed(p)
    saved = []

    class Saver:
        def __del__(self):
            saved.append(self.cls)

    saver = Saver()
    saver.cls, saver.me = cls, saver
    attack(setattr, cls, "saver", saver)
    address = id(cls)
    del cls, saver
    collect()
    for each in saved:
        p.reads(p.new(each, 4), 4)
    each = None
    saved.clear()
    collect()
    probe(p, address)


@attempt("mortal")
def is_deleted_by_threads(p):
    def work():
        for _ in range(30):
            cls = p.fresh()
            thing = p.new(cls, 3)
            p.reads(thing, 3)
            for key in [key for key in vars(cls) if key.startswith("__interbind_")]:
                attack(delattr, cls, key)
            p.reads(thing, 3)
            del cls, thing

    together(work, work, work, work)
    collect()


@attempt("mortal")
def a_metaclass_watches_and_meddles(p):
    if "subclass" not in p.abilities:
        skip("needs subclass")
    base = p.fresh() if "heirs" not in p.abilities else p.cls

    class Meta(type(base)):
        def __setattr__(cls, name, value):
            raise RuntimeError("no attributes today")

        def __delattr__(cls, name):
            raise RuntimeError("nor this")

        def __getattribute__(cls, name):
            if name.startswith("__interbind"):
                raise RuntimeError("nothing to see")
            return super().__getattribute__(name)

    good, cls = attack(lambda: Meta("Watched", (base,), {"__slots__": ()}))
    if good:
        good, thing = attack(p.new, cls, 3)
        if good:
            p.reads(thing, 3)
        address = id(cls)
        del cls, thing
        collect()
        probe(p, address)


@attempt("bare")
def a_class_with_a_meddling_metaclass_is_published(p):
    class Meta(type):
        def __setattr__(cls, name, value):
            raise RuntimeError("no attributes today")

        def mro(cls):
            gc.collect()
            return type.mro(cls)

    cls = Meta("Odd", (), {})
    before = p.records()
    good, _ = attack(p.publish, cls)
    if good:
        address = id(cls)
        del cls
        collect()
        check(p.records() == before, "the record went with the class")
        probe(p, address)


@attempt(leaves=True)
def the_state_is_deleted(p):
    found, key = state(p)
    del found[key]
    collect()
    thing = p.make(3)
    p.reads(thing, 3)
    good = [attack(read, thing)[0] for read in p.readers.values()]
    check(all(good), "sharing goes on")


@attempt(leaves=True)
def the_state_is_popped_and_kept(p):
    found, key = state(p)
    kept = found.pop(key)
    thing = p.make(3)
    check(all(attack(read, thing)[0] for read in p.readers.values()), "sharing goes on")
    found[key] = kept
    p.works()


@attempt(leaves=True)
def the_state_is_deleted_and_a_module_imported(p):
    from adapters import load

    found, key = state(p)
    del found[key]
    collect()
    good, again = attack(load, p.modules[-1].__name__)
    thing = p.make(3)
    check(all(attack(read, thing)[0] for read in p.readers.values()), "no second core was made")
    p.reads(thing, 3)


@attempt(leaves=True, each=("None", "an object", "another capsule", "a string"))
def the_state_is_replaced(p, by):
    from adapters import load

    found, key = state(p)
    import datetime

    values = {"None": None, "an object": object(), "another capsule": datetime.datetime_CAPI if
              hasattr(datetime, "datetime_CAPI") else None, "a string": "capsule"}
    kept = found[key]
    found[key] = values[by]
    attack(load, p.modules[-1].__name__)
    thing = p.make(3)
    p.reads(thing, 3)
    found[key] = kept
    p.reads(thing, 3)


@attempt(leaves=True)
def the_state_is_cleared(p):
    found, key = state(p)
    others = {other: value for other, value in found.items() if other != key}
    found.clear()
    found.update(others)
    collect()
    thing = p.make(3)
    p.reads(thing, 3)


@attempt(leaves=True)
def the_state_is_given_to_threads(p):
    from adapters import load

    found, key = state(p)
    kept = found[key]
    thing = p.make(3)

    def meddle():
        for _ in range(200):
            found.pop(key, None)
            found[key] = kept

    def share():
        for _ in range(200):
            p.reads(thing, 3)

    together(meddle, share, share, lambda: attack(load, p.modules[-1].__name__))


@attempt(leaves=True)
def the_capsule_is_called_by_its_name(p):
    found, key = state(p)
    capsule = found[key]
    for act in (lambda: copy.copy(capsule), lambda: pickle.dumps(capsule), lambda: type(capsule)(), lambda: capsule.__reduce_ex__(4),
                lambda: setattr(capsule, "x", 1), lambda: type("Sub", (type(capsule),), {})):
        attack(act)
    p.works()
