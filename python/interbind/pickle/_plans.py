"""How a class is made again that isn't made by `type` alone, as far as the writer's native half wants to know.

A plan has eight parts: what makes the class, what it is given before the namespace, what makes the namespace (`None`: a dict), what
is in it, the names that aren't set later, and calls that are made when the class is filled; then what registered hooks say: what is
set in place of an attribute, and functions that are called with the class when everything else is there.
"""

import abc
import collections
import enum
import functools
import operator
import types
from _pickle import PicklingError

from . import _by_value, _class_hooks, _enums, _where
from ._call import Call

#: `CO_VARKEYWORDS`: a function takes any keywords.
_VARKEYWORDS = 8
#: What an enum's metaclass makes.
_OF_ENUMS = frozenset(
    "_member_names_ _member_map_ _value2member_map_ _member_type_ _new_member_ __new_member__ _use_args_ _unhashable_values_"
    " _unhashable_values_map_ _hashable_values_ _flag_mask_ _all_bits_ _singles_mask_ _inverted_ _boundary_ _value_repr_"
    " _missing_value_ _order_ __order__".split()
)
#: What decides, while an enum is made, that its members can be pickled.
_PICKLES = ("__reduce_ex__", "__reduce__", "__getnewargs__", "__getnewargs_ex__")


#: What `type` knows of a class, whatever its metaclass says.
_bases, _mro, _name, _own, _module = (
    type.__dict__[name].__get__ for name in ("__bases__", "__mro__", "__name__", "__dict__", "__module__")
)
#: What an abstract class keeps for itself, and what it makes by itself.
_OF_ABC = frozenset(
    "__abstractmethods__ _abc_impl _abc_registry _abc_cache _abc_negative_cache _abc_negative_cache_version".split()
)


def _standard_base(meta):
    from ._portable import is_standard

    for base in _mro(meta):
        module = _module(base)
        if isinstance(module, str) and is_standard(module):
            return base
    return type


def plan(cls, options):
    """Return the plan for a class whose metaclass isn't `type`, or for whose bases hooks were registered."""
    return (*_plan(cls), *_class_hooks.asked(cls))


def _plan(cls):
    meta = type(cls)
    if issubclass(cls, enum.Enum) and issubclass(meta, enum.EnumMeta):
        return _enum(cls, meta)
    base = _standard_base(meta)
    if _where.found(base) is None:
        raise PicklingError(
            f"can't pickle {cls!r} by value: its metaclass {base.__qualname__} has no name by which it is found, and keeps what"
            " only it can read; fix: put the class into a module that can be imported"
        )
    name, bases = _name(cls), _bases(cls)
    skip, after = set(), []
    if abc.ABCMeta in _mro(meta):
        skip |= _OF_ABC
        after.append(Call(setattr, cls, "__abstractmethods__", frozenset(_own(cls).get("__abstractmethods__", ()))))
        registered = _registered(cls)
        if registered:
            register = Call(functools.partial, abc.ABCMeta.register, cls)
            after.append(Call(collections.deque, Call(map, register, registered), 0))
    if _name(meta) == "_TypedDictMeta" and meta.__module__ in ("typing", "typing_extensions"):
        return type.__new__, (meta, name, bases), None, {}, skip, tuple(after)
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
    for base in _mro(cls)[1:]:
        there = _own(base).get(name)
        if there is not None:
            return there is value or getattr(there, "__func__", there) is function
    return False


def _enum(cls, meta):
    own = _own(cls)
    members = cls._member_map_
    skip = set(_OF_ENUMS) | (_OF_ABC if abc.ABCMeta in _mro(meta) else set()) | set(members) | {"__new__", "__module__", "__qualname__", "__doc__"}
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
    if not issubclass(cls, enum.Flag):
        # A member can be found by more values than its own: from 3.13 it has a method for that.
        for value, member in cls._value2member_map_.items():
            if value is member._value_ or members.get(member._name_) is not member or value == member._value_:
                continue
            if hasattr(member, "_add_value_alias_"):
                after.append(Call(Call(getattr, member, "_add_value_alias_"), value))
            else:
                after.append(Call(operator.setitem, Call(getattr, cls, "_value2member_map_"), value, member))
    make = meta
    boundary = own.get("_boundary_")
    if boundary is not None:
        inherited = next((_own(base)["_boundary_"] for base in _mro(cls)[1:] if _own(base).get("_boundary_")), None)
        if boundary is not inherited:
            make = functools.partial(meta, boundary=boundary)
    name, bases = _name(cls), _bases(cls)
    prepare = Call(Call(getattr, meta, "__prepare__"), name, bases)
    return make, (name, bases), prepare, namespace, skip, tuple(after)


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
    for base in _mro(cls)[1:-1]:
        hook = _own(base).get("__init_subclass__")
        if hook is None:
            continue
        # A hook that was set when the class was there need not be a class method.
        bound = isinstance(hook, classmethod)
        function = hook.__func__ if isinstance(hook, (classmethod, staticmethod)) else hook
        if not isinstance(function, types.FunctionType):
            break
        if function.__module__ not in ("typing", "abc", "enum"):
            custom = True
        missing = _required(function, int(bound))
        if missing:
            raise PicklingError(
                f"can't pickle {_name(cls)!r} by value: {_name(base)}.__init_subclass__() requires {', '.join(missing)}, which the"
                " class statement gave and nobody has kept; give it a default, or put the class into a module that can be imported"
            )
        if not _passes_on(function.__code__):
            break
    return custom


def _passes_on(code):
    """Tell whether a hook calls that of the next base, and gives it keywords that nobody knows."""
    return bool(code.co_flags & _VARKEYWORDS) and "__init_subclass__" in code.co_names


def _required(function, given):
    code = function.__code__
    names = code.co_varnames
    with_default = len(function.__defaults__ or ())
    required = list(names[given : max(given, code.co_argcount - with_default)])
    keywords = function.__kwdefaults__ or {}
    positional = code.co_argcount
    required += [name for name in names[positional : positional + code.co_kwonlyargcount] if name not in keywords]
    return [repr(name) for name in required]
