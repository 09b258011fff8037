"""Where the functions live that loading calls: in cloudpickle if it can be imported, else in this package."""

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
