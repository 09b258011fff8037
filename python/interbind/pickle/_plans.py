"""How a class is made again that isn't made by `type` alone, as far as the writer's native half wants to know.

A plan has six parts: what makes the class, what it is given before the namespace, what makes the namespace (`None`: a dict), what
is in it, the names that aren't set later, and calls that are made when everything else is there.
"""

import abc
import collections
import enum
import functools
import types
from _pickle import PicklingError

from . import _by_value, _enums, _where
from ._call import Call

#: What an enum's metaclass makes.
_OF_ENUMS = frozenset(
    "_member_names_ _member_map_ _value2member_map_ _member_type_ _new_member_ __new_member__ _use_args_ _unhashable_values_"
    " _unhashable_values_map_ _hashable_values_ _flag_mask_ _all_bits_ _singles_mask_ _inverted_ _boundary_ _value_repr_"
    " _missing_value_ _order_ __order__".split()
)
#: What decides, while an enum is made, that its members can be pickled.
_PICKLES = ("__reduce_ex__", "__reduce__", "__getnewargs__", "__getnewargs_ex__")


def _standard_base(meta):
    from ._portable import _STANDARD

    for base in meta.__mro__:
        if base.__module__.partition(".")[0] in _STANDARD:
            return base
    return type


def plan(cls, options):
    """Return the plan for a class whose metaclass isn't `type`."""
    meta = type(cls)
    if issubclass(cls, enum.Enum) and issubclass(meta, enum.EnumMeta):
        return _enum(cls, meta)
    base = _standard_base(meta)
    if _where.found(base) is None:
        raise PicklingError(
            f"can't pickle {cls!r} by value: its metaclass {base.__qualname__} has no name by which it is found, and keeps what"
            " only it can read; fix: put the class into a module that can be imported"
        )
    name, bases = cls.__name__, cls.__bases__
    skip, after = set(), []
    if issubclass(meta, abc.ABCMeta):
        after.append(Call(setattr, cls, "__abstractmethods__", frozenset(cls.__abstractmethods__)))
        registered = _registered(cls)
        if registered:
            register = Call(functools.partial, abc.ABCMeta.register, cls)
            after.append(Call(collections.deque, Call(map, register, registered), 0))
    if meta.__name__ == "_TypedDictMeta" and meta.__module__ in ("typing", "typing_extensions"):
        return type.__new__, (meta, name, (dict,)), None, {}, skip, tuple(after)
    if base is meta:
        return meta, (name, bases), None, {}, skip, tuple(after)
    # A metaclass of the user's has done its work on this class: what it did is in the class's attributes.
    return Call(getattr, base, "__new__"), (meta, name, bases), None, {}, skip, tuple(after)


def _registered(cls):
    """Return the classes that were registered with an abstract one, as a set: it is written in an order of its own."""
    try:
        from _abc import _get_dump
    except ImportError:
        return set(getattr(cls, "_abc_registry", ()))
    return {found for found in (reference() for reference in _get_dump(cls)[0]) if found is not None}


def _inherited(cls, name, value):
    function = getattr(value, "__func__", value)
    for base in cls.__mro__[1:]:
        there = base.__dict__.get(name)
        if there is not None:
            return there is value or getattr(there, "__func__", there) is function
    return False


def _enum(cls, meta):
    own = cls.__dict__
    members = cls._member_map_
    skip = set(_OF_ENUMS) | set(members) | {"__new__", "__module__", "__qualname__", "__doc__"}
    namespace = {}
    for name, value in own.items():
        if name in skip:
            continue
        if _inherited(cls, name, value) or _made_by_enum(name, value):
            skip.add(name)
        elif name in _PICKLES:
            namespace[name] = value
    after = []
    maker = own.get("__new_member__")
    made = {name: _enums.data(cls, member) for name, member in members.items()}
    if all(arguments is None or enough for arguments, enough in made.values()):
        made = None
    if made or _is_custom(getattr(cls, "__new_member__", None)):
        # It takes arguments that nobody has kept. Members are made without it, and get what it gave them.
        kind = cls._member_type_
        methods = _enums.maker(cls) if made else {"__new__": Call(getattr, kind, "__new__")}
        namespace.update(methods)
        if maker is not None:
            after.append(Call(type.__setattr__, cls, "__new_member__", maker))
        else:
            after.append(Call(type.__delattr__, cls, "__new_member__"))
        if maker is not None or made:
            after.append(Call(type.__setattr__, cls, "_use_args_", cls._use_args_) if hasattr(cls, "_use_args_") else Call(bool))
            if "_new_member_" in own:
                after.append(Call(type.__setattr__, cls, "_new_member_", own["_new_member_"]))
        if "__init__" in methods and "__init__" not in own:
            after.append(Call(type.__delattr__, cls, "__init__"))
    # Names of members are written even where a base has the same: they are the enum.
    for name, member in members.items():
        value = member.__dict__.get("_value_", getattr(member, "_value_", None))
        if made:
            arguments, _ = made[name]
            namespace[name] = cls._member_type_, (value,) if arguments is None else arguments, value
        else:
            namespace[name] = _enums.definition(cls, member, value)
    after += _more_of_members(cls)
    make = meta
    boundary = own.get("_boundary_")
    if boundary is not None:
        inherited = next((base.__dict__["_boundary_"] for base in cls.__mro__[1:] if base.__dict__.get("_boundary_")), None)
        if boundary is not inherited:
            make = functools.partial(meta, boundary=boundary)
    bases = cls.__bases__
    prepare = Call(Call(getattr, meta, "__prepare__"), cls.__name__, bases)
    return make, (cls.__name__, bases), prepare, namespace, skip, tuple(after)


def _is_custom(maker):
    maker = getattr(maker, "__func__", maker)
    return isinstance(maker, types.FunctionType) and maker.__module__ != "enum"


def _more_of_members(cls):
    """Return calls that give members what they have beside name and value."""
    steps = []
    for member in dict.fromkeys(cls._member_map_.values()):
        for name, value in getattr(member, "__dict__", {}).items():
            # Names with underscores around are the enum's own; a cached property is made again when it is asked for.
            own = name.startswith("_") and name.endswith("_")
            if not own and not isinstance(getattr(cls, name, None), functools.cached_property):
                steps.append(Call(object.__setattr__, member, name, value))
    return steps


def _made_by_enum(name, value):
    # Methods that the metaclass chose for this class, and descriptors for members.
    if isinstance(value, types.DynamicClassAttribute) and getattr(value, "fget", None) is None:
        return True
    return name.startswith("__") and getattr(value, "__module__", None) == "enum"


def slots(cls):
    """Return the `__slots__` that make the class's layout again, or None: it has none."""
    return _by_value.slots(cls)[0] if _by_value.has_slots(cls) else None


def subclass_hook(cls):
    """Tell whether a base of the user's wants to know of new classes; refuse one that wants keywords."""
    custom = False
    for base in cls.__mro__[1:-1]:
        hook = base.__dict__.get("__init_subclass__")
        if hook is None:
            continue
        function = getattr(hook, "__func__", hook)
        if isinstance(function, types.FunctionType):
            if function.__module__ not in ("typing", "abc", "enum"):
                custom = True
            code = function.__code__
            missing = _required(function, code)
            if missing:
                raise PicklingError(
                    f"can't pickle {cls!r} by value: {base.__qualname__}.__init_subclass__() requires {', '.join(missing)}, which the"
                    " class statement gave and nobody has kept; give it a default, or put the class into a module that can be imported"
                )
        break
    return custom


def _required(function, code):
    positional = code.co_argcount
    names = code.co_varnames
    with_default = len(function.__defaults__ or ())
    required = list(names[1 : positional - with_default])
    keywords = function.__kwdefaults__ or {}
    required += [name for name in names[positional : positional + code.co_kwonlyargcount] if name not in keywords]
    return [repr(name) for name in required]
