"""Which modules go by value, because somebody said so.

Cloudpickle has such a set too. Where it has been imported, what was registered there holds here as well.
"""

import sys

_PICKLE_BY_VALUE_MODULES = set()

#: All sets that hold: ours first.
registries = [_PICKLE_BY_VALUE_MODULES]


def share():
    """Take cloudpickle's set too, if somebody has imported it."""
    module = sys.modules.get("cloudpickle.cloudpickle")
    theirs = getattr(module, "_PICKLE_BY_VALUE_MODULES", None)
    if isinstance(theirs, set) and all(theirs is not known for known in registries):
        registries.append(theirs)


def register_pickle_by_value(module):
    """From now on, functions and classes of a module and of its submodules go by value.

    They can be loaded where the module can't be imported. For one dump alone there is `by_value=`.
    """
    if not isinstance(module, type(sys)):
        raise ValueError(f"Input should be a module object, got {module} instead")
    if module.__name__ not in sys.modules:
        raise ValueError(f"{module} was not imported correctly, have you used an `import` statement to access it?")
    _PICKLE_BY_VALUE_MODULES.add(module.__name__)


def unregister_pickle_by_value(module):
    """Take back what `register_pickle_by_value` said."""
    if not isinstance(module, type(sys)):
        raise ValueError(f"Input should be a module object, got {module} instead")
    share()
    holding = [registry for registry in registries if module.__name__ in registry]
    if not holding:
        raise ValueError(f"{module} is not registered for pickle by value")
    for registry in holding:
        registry.discard(module.__name__)


def list_registry_pickle_by_value():
    """Return the names of the modules that were registered, as a set of its own."""
    share()
    return set().union(*registries)


def is_registered(name):
    """Tell whether a module, or a package around it, was registered."""
    while name:
        if any(name in registry for registry in registries):
            return True
        name = name.rpartition(".")[0]
    return False
