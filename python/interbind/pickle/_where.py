"""By name or by value: the rules of the native half, for objects that it leaves to Python."""

import sys

from . import _registry


def walk(root, name):
    """Return `root.a.b` for "a.b", or raise AttributeError."""
    for part in name.split("."):
        if part == "<locals>":
            raise AttributeError(f"Can't get local attribute {name!r} on {root!r}")
        root = getattr(root, part)
    return root


def which_module(obj, name):
    """Return the name of an object's module: its own word, else the first module that has it under that name."""
    module_name = getattr(obj, "__module__", None)
    if module_name is not None:
        return module_name
    for module_name, module in sys.modules.copy().items():
        if module_name in ("__main__", "__mp_main__") or not isinstance(module, type(sys)):
            continue
        try:
            if walk(module, name) is obj:
                return module_name
        except Exception:
            pass
    return None


def found(obj, name=None, main=False):
    """Return module and name where an object is found by its name, or None."""
    if name is None:
        name = getattr(obj, "__qualname__", None)
    if name is None:
        name = getattr(obj, "__name__", None)
    module_name = which_module(obj, name)
    if module_name is None or (module_name == "__main__" and not main):
        return None
    module = sys.modules.get(module_name)
    if module is None:
        return None
    try:
        there = walk(module, name)
    except AttributeError:
        return None
    return (module, name) if there is obj else None


def goes_by_value(module, options):
    """Tell whether what is in a module goes by value."""
    name = module.__name__
    if _registry.is_registered(name):
        return True
    for rule in options.rules if options is not None else ():
        if callable(rule):
            if rule(name):
                return True
        elif rule.endswith("\0"):
            if name == rule[:-1] or name.startswith(rule[:-1] + "."):
                return True
        elif name.startswith(rule):
            return True
    return False


def by_name(obj, options, name=None):
    """Return module and name where an object goes by its name, or None."""
    where = found(obj, name, main=options is not None and options.main_by_reference)
    if where is None or goes_by_value(where[0], options):
        return None
    return where
