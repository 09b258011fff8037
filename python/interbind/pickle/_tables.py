"""What the writer looks up by an object's class, and what every reducer asks: is it found by its name?

The native half gets these tables once, and reads them in each dump.
"""

import sys

#: class → reducer of an object and the options, or of the object alone.
reducers = {}
metas = {}


def reducer(*classes):
    def register(function):
        for cls in classes:
            reducers[cls] = function
        return function

    return register


def by_name(obj, options, name=None):
    name = name or getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
    module_name = getattr(obj, "__module__", None)
    if not isinstance(name, str) or not isinstance(module_name, str) or module_name in ("__main__", "__mp_main__"):
        return None
    module = sys.modules.get(module_name)
    if module is None:
        return None
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not obj:
        return None
    from ._where import goes_by_value

    return None if goes_by_value(module, options) else name


#: Classes whose objects can't change: equal input has them once or twice, as it happens. False: those of an alias, whose parts
#: may be classes that are known by which object they are.
frozen = {}


def freeze(*classes, whole=True):
    for cls in classes:
        frozen[cls] = whole
