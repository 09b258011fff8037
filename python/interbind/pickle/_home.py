"""Where the functions live that loading calls: in cloudpickle if it can be imported, else in this package."""

import functools
import sys

_NEEDED = (
    "_make_function",
    "_function_setstate",
    "_make_empty_cell",
    "_make_cell",
    "_make_skeleton_class",
    "_make_skeleton_enum",
    "_make_typevar",
    "_class_setstate",
    "_builtin_type",
    "_lookup_class_or_track",
    "_get_or_create_tracker_id",
    "_DYNAMIC_CLASS_TRACKER_BY_CLASS",
    "_DYNAMIC_CLASS_TRACKER_BY_ID",
    "uuid",
    "subimport",
    "dynamic_subimport",
)


def theirs():
    """Return cloudpickle's own module, or None: it isn't here, is too old, or is this package under its name."""
    try:
        import cloudpickle.cloudpickle  # noqa: F401
    except Exception:
        # Not here, or broken: an old one on a new Python raises whatever it stumbles over.
        return None
    module = sys.modules["cloudpickle.cloudpickle"]
    if module.__name__ != "cloudpickle.cloudpickle" or not all(hasattr(module, name) for name in _NEEDED):
        return None
    return module


def find():
    """Return the module whose functions are written into streams."""
    module = theirs()
    if module is None:
        from . import cloudpickle as module
    return module


def new_id(home, cls):
    """Give a class an id in `home`, and return it; another thread may have been first.

    cloudpickle does so under a lock, which isn't always given back: from 3.14 on, a call is refused where the machine's stack
    ends, to the byte, and the call that releases a lock may need a few bytes more than the one that took it. Then everybody who
    takes the lock waits for ever. A class that two threads give an id at once has both: each is known where it is loaded.
    """
    made = home.uuid.uuid4().hex
    home._DYNAMIC_CLASS_TRACKER_BY_ID[made] = cls
    return home._DYNAMIC_CLASS_TRACKER_BY_CLASS.setdefault(cls, made)


def find_with_ids():
    """Return what `find` does, and what gives a class an id there."""
    home = find()
    return home, functools.partial(new_id, home)
