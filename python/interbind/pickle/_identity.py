"""The ids of classes: a process knows its own classes again, and those that it has loaded. The ids themselves come from the native
half."""

import copyreg
import weakref


def registry():
    """Return the classes that have been loaded, and those of this process that have been written, by their ids."""
    known = copyreg.__dict__.get("_interbind_classes")
    return copyreg.__dict__.setdefault("_interbind_classes", weakref.WeakValueDictionary()) if known is None else known


#: The classes that this process has put into the registry by what they are made of: those weren't loaded.
_written = weakref.WeakValueDictionary()


def keep(cls, id):
    """Put a class into the registry under what it is made of: loaded in this process, it is the class itself."""
    there = registry()
    if id not in there:
        _written[id] = cls
        there.setdefault(id, cls)


def loaded_id(cls, references):
    """Return the id that a class was loaded with, or None. `references` are the weak ones to it: the registry's has the id."""
    there = registry().data
    for reference in references:
        if type(reference) is weakref.KeyedRef:
            id = reference.key
            if type(id) is str and there.get(id) is reference and _written.get(id) is not cls:
                return id
    return None
