"""What makes the members of an enum again.

Cloudpickle makes each member out of its value. That isn't enough where a class makes them out of something else, and leaves out
second names and named combinations of flags.
"""

import enum
import functools
import sys

from ._call import Call

#: Classes whose objects are made again out of themselves.
_SIMPLE = (int, str, float, bytes, complex)
_MAKER = """
def __new__(cls, *given):
    kind, arguments, value = given if len(given) == 3 else given[0]
    member = kind.__new__(cls, *arguments)
    member._value_ = value
    return member

def __init__(self, *given):
    pass
"""


def members(cls, canonical):
    """Return name → what makes the member, in the order of cloudpickle where nothing is missing there."""
    if len(cls.__members__) > len(canonical):
        values = {name: member.value for name, member in cls.__members__.items()}
    else:
        values = dict(canonical)
    data = {name: _data(cls, cls.__members__[name]) for name in values}
    if any(parts is not None for parts in data.values()):
        made = {name: (cls._member_type_, data[name], value) for name, value in values.items() if data[name] is not None}
        if len(made) == len(values):
            return {**maker(cls), **made}
    return {name: definition(cls, cls.__members__[name], value) for name, value in values.items()}


def _data(cls, member):
    """Return the arguments that make the data beneath a member, or None: its value is enough."""
    inherited = any("__new_member__" in base.__dict__ and base.__module__ != "enum" for base in cls.__mro__[1:])
    arguments, enough = data(cls, member)
    return None if enough and not inherited else arguments


def data(cls, member):
    """Return the arguments that make the data beneath a member, or None where nobody knows, and whether its value is enough."""
    kind, value = cls._member_type_, member.value
    if hasattr(kind, "__dataclass_fields__"):
        return None, True
    if kind is object:
        return (), True
    if kind in _SIMPLE:
        arguments = kind.__getnewargs__(member)
        right = type(value) is kind and arguments == (value,)
    elif kind is tuple:
        arguments = (tuple(member),)
        right = type(value) is tuple and arguments == (value,)
    else:
        try:
            make, arguments = kind.__reduce__(member)[:2]
        except Exception:
            return None, True
        if make is not cls:
            return None, True
        right = False
    return arguments, right


def maker(cls):
    """Return methods that make a member out of its class's data, the arguments for that, and its value."""
    namespace = {"__name__": cls.__module__}
    exec(_MAKER, namespace)
    wanted = ["__new__"]
    if any("__init__" in base.__dict__ for base in cls.__mro__ if base.__module__ not in ("builtins", "enum")):
        wanted.append("__init__")
    for name in wanted:
        namespace[name].__module__ = None
    return {name: namespace[name] for name in wanted}


def definition(cls, member, value):
    """Return what a class statement would have for a member."""
    kind = cls._member_type_
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None and type(value) is kind:
        # The fields of a dataclass, not an instance of it.
        fields = [field for field in fields.values() if field.init and field._field_type.name == "_FIELD"]
        if not any(getattr(field, "kw_only", False) is True for field in fields):
            return tuple(getattr(value, field.name) for field in fields)
        return value
    if sys.version_info >= (3, 11):
        descriptor = any(hasattr(value, name) for name in ("__get__", "__set__", "__delete__"))
        if descriptor or sys.version_info >= (3, 13) and isinstance(value, type):
            # Without that it would be a method, or a nested class.
            return Call(enum.member, value)
    return value


def lost(cls):
    """Return calls that set what members have beside name and value."""
    steps = []
    for member in cls.__members__.values():
        for name, value in vars(member).items():
            # Names with underscores around are the enum's own; a cached property is made again when it is asked for.
            own = name.startswith("_") and name.endswith("_")
            if not own and not isinstance(getattr(cls, name, None), functools.cached_property):
                steps.append(Call(object.__setattr__, member, name, value))
    return steps
