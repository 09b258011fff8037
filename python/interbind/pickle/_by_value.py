"""Classes that need more than to be taken apart, and what a configuration changes.

In all of this the rule is cloudpickle's, and so are the bytes, where that loads right. Where it doesn't, what is written here
loads right with cloudpickle alone: more arguments for the functions that it has, or calls of the standard library.
"""

import abc
import functools
import sys
import types
from enum import Enum

from . import _config, _home, _repairs, _where
from ._call import Call

#: Names that Python puts into classes by itself: where the value is the base's, nobody can tell that they are left out.
_IMPLICIT = frozenset(
    "__module__ __dict__ __weakref__ __slots__ __slotnames__ __firstlineno__ __static_attributes__ __annotations__"
    " __annotate_func__ __annotations_cache__ __parameters__ __match_args__ __type_params__ __abstractmethods__"
    " __classdictcell__ _is_protocol _is_runtime_protocol __protocol_attrs__ __callable_proto_members_only__"
    " __non_callable_proto_members__ __total__ __required_keys__ __optional_keys__ __readonly_keys__ __mutable_keys__".split()
)
#: Modules whose metaclasses put functions of their own into each class.
_MAKERS = ("enum", "typing", "abc")
_ENUM = ("_generate_next_value_", "_member_names_", "_member_map_", "_member_type_", "_value2member_map_")
_ANNOTATIONS_RUN = sys.version_info >= (3, 14)


def identity(obj, options):
    """Return the id by which a class is known again where it is loaded."""
    home = _home.find()
    config = options.config if options is not None else None
    generator = getattr(config, "id_generator", _config.uuid_generator) if config is not None else _config.uuid_generator
    if generator is _config.uuid_generator:
        return home._get_or_create_tracker_id(obj)
    with home._DYNAMIC_CLASS_TRACKER_LOCK:
        known = home._DYNAMIC_CLASS_TRACKER_BY_CLASS.get(obj)
    if known is not None or generator is None:
        return known
    # The generator may pickle, and so ask for the ids of other classes: no lock meanwhile.
    made = generator(obj)
    with home._DYNAMIC_CLASS_TRACKER_LOCK:
        known = home._DYNAMIC_CLASS_TRACKER_BY_CLASS.setdefault(obj, made)
        home._DYNAMIC_CLASS_TRACKER_BY_ID.setdefault(known, obj)
    return known


def own_attributes(cls, options=None, strict=False):
    """Return what a class itself has, in the order of the names, each name a fresh string."""
    own = {"".join(name): cls.__dict__[name] for name in sorted(cls.__dict__)}
    bases = cls.__bases__
    for name, value in list(own.items()):
        base = _first_with(bases, name)
        if base is None or base.__dict__[name] is not value:
            continue
        if strict or not _set_by_hand(cls, name, value) or _comes_by_name(cls, base, name, value, options):
            del own[name]
    return own


def _set_by_hand(cls, name, value):
    if name in ("__doc__", "__hash__"):
        return value is not None
    if name in _IMPLICIT or getattr(value, "__module__", None) in _MAKERS:
        return False
    return not (name.startswith("_") and name.endswith("_") and issubclass(cls, Enum))


def _comes_by_name(cls, base, name, value, options):
    # What is left out is found again, as it is in a base that no stream changes.
    if _where.by_name(base, options) is None:
        return False
    found = _first_with(cls.__mro__[1:], name)
    return found is not None and found.__dict__[name] is value


def _first_with(classes, name):
    for cls in classes:
        if name in cls.__dict__:
            return cls
    return None


def _slots(cls):
    slots = cls.__dict__["__slots__"]
    names = (slots,) if isinstance(slots, str) else slots
    # An iterator has been used up by now: the slots are what the class has descriptors for.
    if not isinstance(slots, (str, tuple, list, dict)):
        names = slots = tuple(
            name
            for name, value in cls.__dict__.items()
            if isinstance(value, types.MemberDescriptorType) and value.__objclass__ is cls
        )
    prefix = "_" + cls.__name__.lstrip("_")
    hidden = {prefix + name for name in names if name.startswith("__") and not name.endswith("__")}
    return slots, {*names, *hidden}


def _has_named_fields(cls):
    # A named tuple: cloudpickle's copy has a dict beside its fields, and nothing that anybody asks of one is lost.
    return issubclass(cls, tuple) and not cls.__dict__["__slots__"] and "_fields" in cls.__dict__


def _state(cls, options, strict):
    own = own_attributes(cls, options, strict)
    own.pop("__weakref__", None)
    if issubclass(type(cls), abc.ABCMeta):
        for name in ("_abc_cache", "_abc_negative_cache", "_abc_negative_cache_version"):
            own.pop(name, None)
        registry = own.pop("_abc_registry", None)
        if registry is None:
            own.pop("_abc_impl", None)
            found = [reference() for reference in abc._get_dump(cls)[0]]
        else:
            found = list(registry)
        own["_abc_impl"] = found if strict else [kind for kind in found if kind is not None]
    more = {}
    if "__slots__" in own or (not strict and "__slots__" in cls.__dict__):
        if strict or _has_named_fields(cls):
            if isinstance(cls.__slots__, str):
                own.pop(cls.__slots__)
            else:
                for name in cls.__slots__:
                    own.pop(name, None)
        else:
            more["__slots__"], names = _slots(cls)
            own.pop("__slots__", None)
            for name in names:
                # What somebody has put in a slot's place later stays.
                if isinstance(own.get(name), types.MemberDescriptorType):
                    del own[name]
    own.pop("__dict__", None)
    if _ANNOTATIONS_RUN:
        annotate = own.pop("__annotate_func__", None)
        if annotate is not None and not strict and "__annotations_cache__" not in cls.__dict__:
            _keep_annotations(cls, annotate, own)
    return own, more


def _keep_annotations(cls, annotate, own):
    home = getattr(annotate, "__globals__", {}).get("__name__")
    if home not in ("typing", "typing_extensions", "dataclasses", "collections", "annotationlib"):
        own["__annotate__"] = _annotate(cls, annotate)
        return
    # A class that a function of the standard library made: its way to annotations is that function's own business.
    try:
        own["__annotations__"] = cls.__annotations__
    except (NameError, AttributeError, TypeError):
        pass


def _annotate(cls, annotate):
    """Return the function behind a class's annotations, looking names up in the class that it is loaded into."""
    if not isinstance(annotate, types.FunctionType) or not annotate.__closure__:
        return annotate
    cells = [
        types.CellType(Call(getattr, cls, "__dict__")) if name == "__classdict__" else cell
        for name, cell in zip(annotate.__code__.co_freevars, annotate.__closure__)
    ]
    copy = types.FunctionType(
        annotate.__code__, annotate.__globals__, annotate.__name__, annotate.__defaults__, tuple(cells)
    )
    copy.__qualname__, copy.__module__ = annotate.__qualname__, annotate.__module__
    return copy


def class_(cls, options):
    """Reduce a class by value."""
    strict = options is not None and options.strict
    home = _home.find()
    made = _enum(cls, options, strict, home) if issubclass(cls, Enum) else _class(cls, options, strict, home)
    setter = home._class_setstate
    if options is not None and getattr(options.config, "skip_reset_dynamic_type_state", False):
        from . import cloudpickle

        setter = functools.partial(cloudpickle._class_setstate, skip_reset_dynamic_type_state=True)
    return (*made, None, None, setter)


def _class(cls, options, strict, home):
    own, more = _state(cls, options, strict)
    keywords = {}
    if "__module__" in cls.__dict__:
        keywords["__module__"] = cls.__module__
    instance_dict = cls.__dict__.get("__dict__")
    if isinstance(instance_dict, property):
        keywords["__dict__"] = instance_dict
    keywords.update(more)
    bases = cls.__orig_bases__ if "__orig_bases__" in cls.__dict__ else cls.__bases__
    arguments = (type(cls), cls.__name__, bases, keywords, identity(cls, options), None)
    return home._make_skeleton_class, arguments, (own, {})


def _enum(cls, options, strict, home):
    members = {member.name: member.value for member in cls}
    own, _ = _state(cls, options, strict)
    for name in _ENUM:
        own.pop(name, None)
    for name in members:
        if strict:
            own.pop(name)
        else:
            own.pop(name, None)
    rest = {}
    if not strict:
        for member in cls:
            members[member.name] = _arguments(cls, member)
        lost = _lost(cls)
        if lost:
            # Cloudpickle fills the class by the first dict and leaves this one alone: loading it is what counts.
            rest[""] = lost
    arguments = (
        cls.__bases__,
        cls.__name__,
        cls.__qualname__,
        members,
        cls.__module__,
        identity(cls, options),
        None,
    )
    return home._make_skeleton_enum, arguments, (own, rest)


def _arguments(cls, member):
    """Return what makes a member again: the fields of a dataclass, not an instance of it."""
    value = member.value
    fields = getattr(cls._member_type_, "__dataclass_fields__", None)
    if fields is None or type(value) is not cls._member_type_:
        return value
    fields = [field for field in fields.values() if field.init and field._field_type.name == "_FIELD"]
    if any(getattr(field, "kw_only", False) is True for field in fields):
        return value
    return tuple(getattr(value, field.name) for field in fields)


def _lost(cls):
    """Return calls that set what members have beside name and value, where a class sets that when it makes them."""
    makers = [base for base in cls.__mro__ if base.__module__ != "enum" and base is not object]
    custom = any("__init__" in base.__dict__ for base in makers) or "__new_member__" in cls.__dict__
    custom = custom or "__dataclass_fields__" in getattr(cls._member_type_, "__dict__", {})
    if not custom:
        return []
    steps = []
    for member in cls:
        for name, value in vars(member).items():
            # Names with underscores around are the enum's own; a cached property is made again when it is asked for.
            own = name.startswith("_") and name.endswith("_")
            if not own and not isinstance(getattr(cls, name, None), functools.cached_property):
                steps.append(Call(object.__setattr__, member, name, value))
    return steps


def function(obj, own, options, reduced=None):
    """Reduce a function that a decorator of the standard library made, or change what a configuration changes."""
    if reduced is None:
        return _repairs.singledispatch(obj, own) if options is None or not options.strict else None
    return configured(obj, options.config, reduced)


def configured(obj, config, reduced):
    """Return what a configuration makes of an answer: that for a code object or that for a function."""
    intercept = getattr(config, "filepath_interceptor", None)
    if isinstance(obj, types.CodeType):
        if intercept is None:
            return reduced
        arguments = list(reduced[1])
        arguments[10] = intercept(obj.co_filename)
        return reduced[0], tuple(arguments)
    make, (code, base, *rest), state, *others = reduced
    if intercept is not None and "__file__" in base and "__file__" in obj.__globals__:
        base["__file__"] = intercept(obj.__globals__["__file__"])
    parameters = getattr(config, "get_code_object_params", None)
    path = parameters.get_code_object_identifier(obj) if parameters is not None else None
    if path:
        from . import cloudpickle

        make = functools.partial(cloudpickle._make_function_from_identifier, parameters.get_code_from_identifier)
        return (make, (path, base, obj.__name__, obj.__defaults__), state, *others)
    return (make, (code, base, *rest), state, *others)
