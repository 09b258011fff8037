"""The ids of classes: which one a class has, and that a process knows its own classes again."""

import binascii
import builtins
import copyreg
import os
import weakref

from ._lock import Lock

_lock = Lock()
#: address of a class → a weak reference to it, what it was made of, and its id. Not by the class: its metaclass says how it hashes.
_known = {}


def registry():
    """Return the classes that have been loaded, and those of this process that have been written, by their ids."""
    known = copyreg.__dict__.get("_interbind_classes")
    return copyreg.__dict__.setdefault("_interbind_classes", weakref.WeakValueDictionary()) if known is None else known


#: The classes that this process has put into the registry by what they are made of: those weren't loaded.
_written = weakref.WeakValueDictionary()
#: address of a class → the registry's reference to it, which has the id that it was loaded with.
_loaded = {}
#: How many classes the registry had when that was looked up, and which came last.
_seen = None


def _loaded_id(cls):
    """Return the id that a class was loaded with, or None: another process has made it, and knows it by that id."""
    global _seen
    there = registry()
    now = _count_and_last(there)
    if now is None or now != _seen:
        found = {}
        for reference in there.valuerefs():
            loaded = reference()
            known = _known.get(builtins.id(loaded))
            if loaded is None or known is not None and known[0]() is loaded:
                # It has its id.
                continue
            if _written.get(reference.key) is not loaded:
                found[builtins.id(loaded)] = reference
        with _lock:
            _loaded.clear()
            _loaded.update(found)
            _seen = now
    reference = _loaded.get(builtins.id(cls))
    return reference.key if reference is not None and reference() is cls else None


def _count_and_last(there):
    """Return how many classes the registry has and which came last, or None where another thread is adding one."""
    try:
        return len(there.data), next(reversed(there.data), None)
    except RuntimeError:
        return None


def _new_id():
    # As short as text can have 16 bytes.
    return binascii.b2a_base64(os.urandom(16))[:22].decode()


def _forget(address, reference):
    known = _known.get(address)
    if known is not None and known[0] is reference:
        _known.pop(address, None)


def track(cls, content, tracked):
    """Return the id of a class: what it is made of, or one that it keeps until that changes.

    A class that was loaded has the id that it was loaded with, so that it is itself again where it comes from.
    """
    global _seen
    id = content
    if tracked:
        address = builtins.id(cls)
        # Dropped when the lock is free: the end of a reference may run any code.
        with _lock:
            known = _known.get(address)
            if known is not None and known[0]() is cls and known[1] == content:
                return known[2]
        id = (_loaded_id(cls) if known is None or known[0]() is not cls else None) or _new_id()
        reference = weakref.ref(cls, lambda reference: _forget(address, reference))
        with _lock:
            before = _known.get(address)
            if before is not None and before[0]() is cls and before[1] == content:
                return before[2]
            _known[address] = (reference, content, id)
    # Loaded in this process, it is the class itself.
    known_by_id = registry()
    if id not in known_by_id:
        before = _count_and_last(known_by_id)
        if not tracked:
            _written[id] = cls
        known_by_id.setdefault(id, cls)
        if tracked and before is not None:
            with _lock:
                if _seen == before:
                    # What is added here has its id already: nothing has to be looked through again for that. Where another
                    # thread has loaded a class meanwhile, there is one more.
                    _seen = (before[0] + 1, id)
    return id
