"""Classes that need more than to be taken apart, and what a configuration changes.

In all of this the rule is cloudpickle's, and so are the bytes, where that loads right. Where it doesn't, what is written here
loads right with cloudpickle alone: more arguments for the functions that it has, or calls of the standard library.
"""

import abc
import functools
import sys
import types
from _pickle import PicklingError
from enum import Enum

from . import _home, _where
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
    from . import _config

    home = _home.find()
    config = options.config if options is not None else None
    generator = getattr(config, "id_generator", _config.uuid_generator) if config is not None else _config.uuid_generator
    # No lock: `_home.new_id` says why.
    known = home._DYNAMIC_CLASS_TRACKER_BY_CLASS.get(obj)
    if known is not None or generator is None:
        return known
    if generator is _config.uuid_generator:
        return _home.new_id(home, obj)
    known = home._DYNAMIC_CLASS_TRACKER_BY_CLASS.setdefault(obj, generator(obj))
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
    if name == "__doc__" and issubclass(cls, Enum) and value == "An enumeration.":
        # Before 3.11 the metaclass puts that into each enum.
        return False
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


def has_slots(cls):
    own = cls.__dict__
    if "__slots__" in own:
        return True
    # Somebody may have taken `__slots__` away. A class that is written in C has members too, and methods in C beside them.
    native = (types.WrapperDescriptorType, types.MethodDescriptorType, types.BuiltinFunctionType)
    if any(isinstance(value, native) and getattr(value, "__objclass__", cls) is cls for value in own.values()):
        return False
    return any(_is_slot(cls, name, value) for name, value in own.items())


def _is_slot(cls, name, value):
    return isinstance(value, types.MemberDescriptorType) and value.__objclass__ is cls and value.__name__ == name


def slots(cls):
    """Return the `__slots__` that make the class's layout again, and the names of what they make."""
    slots = cls.__dict__.get("__slots__")
    own = cls.__dict__
    made = {name for name, value in own.items() if _is_slot(cls, name, value)}
    if isinstance(slots, (str, tuple, list, dict)):
        names = (slots,) if isinstance(slots, str) else slots
        prefix = "_" + cls.__name__.lstrip("_")
        private = prefix != "_" and (lambda name: name.startswith("__") and not name.endswith("__"))
        places = {prefix + name if private and private(name) else name for name in names}
        # Where something else has been put into a slot's place later, the slot is still there.
        if all(name in own for name in places - {"__dict__", "__weakref__"}) and made <= places:
            return slots, {*names, *places}
    # An iterator has been used up by now; or the class has another name, or other slots, than it was made with.
    both = {name for name in ("__dict__", "__weakref__") if isinstance(own.get(name), types.GetSetDescriptorType)}
    return tuple(sorted(made | both)), made | both


def _has_named_fields(cls):
    # A named tuple: cloudpickle's copy has a dict beside its fields, and nothing that anybody asks of one is lost.
    return issubclass(cls, tuple) and not cls.__dict__.get("__slots__") and "_fields" in cls.__dict__


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
    if "__slots__" in own or (not strict and has_slots(cls)):
        if strict or _has_named_fields(cls):
            if isinstance(cls.__slots__, str):
                own.pop(cls.__slots__)
            else:
                for name in cls.__slots__:
                    own.pop(name, None)
        else:
            more["__slots__"], names = slots(cls)
            declared = own.pop("__slots__", None)
            if isinstance(declared, (str, tuple, list, dict)) and more["__slots__"] is not declared:
                own["__slots__"] = declared
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
    except AttributeError:
        pass
    except Exception:
        # Some name in them isn't defined yet: then that function's business goes along.
        own["__annotate__"] = _annotate(cls, annotate)


def _annotate(cls, annotate):
    """Return the function behind a class's annotations, looking names up in the class that it is loaded into."""
    if not isinstance(annotate, types.FunctionType) or not annotate.__closure__:
        return annotate
    names = annotate.__code__.co_freevars
    cells = [_annotate_cell(cls, name, cell, names) for name, cell in zip(names, annotate.__closure__)]
    if all(new is old for new, old in zip(cells, annotate.__closure__)):
        return annotate
    copy = types.FunctionType(
        annotate.__code__, annotate.__globals__, annotate.__name__, annotate.__defaults__, tuple(cells)
    )
    copy.__qualname__, copy.__module__ = annotate.__qualname__, annotate.__module__
    return copy


def _annotate_cell(cls, name, cell, names):
    if name == "__classdict__":
        return types.CellType(Call(getattr, cls, "__dict__"))
    # `typing` makes its function around that of the class's body.
    content = cell.cell_contents if cell != types.CellType() else None
    if "own_annotate" in names:
        # That of a typed dict. What it has evaluated already it doesn't need, nor the base without a name.
        if name in ("own_annotations", "own_checked_annotations"):
            return types.CellType({})
        if name == "bases":
            return types.CellType(tuple(base for base in content if base.__annotate__ is not None))
    if isinstance(content, types.FunctionType) and content.__name__ == "__annotate__":
        made = _annotate(cls, content)
        return cell if made is content else types.CellType(made)
    return cell


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


def _check_keywords(cls):
    """Refuse a class that was made with keywords which have to be given: they aren't kept, so loading would fail."""
    ways = [("__init_subclass__", cls.__mro__[1:], 1)]
    ways += [(name, type(cls).__mro__, count) for name, count in (("__prepare__", 3), ("__new__", 4), ("__init__", 4))]
    for name, classes, given in ways:
        found = _first_with(classes, name)
        function = found.__dict__[name] if found is not None else None
        function = getattr(function, "__func__", function)
        if not isinstance(function, types.FunctionType):
            continue
        code, without = function.__code__, len(function.__defaults__ or ())
        needed = code.co_varnames[given : code.co_argcount - without]
        only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        needed += tuple(word for word in only if word not in (function.__kwdefaults__ or ()))
        if needed:
            raise PicklingError(
                f"cannot pickle {cls!r} by value: {found.__qualname__}.{name} needs {needed[0]!r}, and Python doesn't keep "
                "what a class statement gives there; fix: give it a default, or put the class into a module that can be imported"
            )


def _class(cls, options, strict, home):
    if not strict:
        _check_keywords(cls)
    own, more = _state(cls, options, strict)
    keywords = {}
    if "__module__" in cls.__dict__:
        keywords["__module__"] = cls.__module__
    instance_dict = cls.__dict__.get("__dict__")
    if isinstance(instance_dict, property):
        keywords["__dict__"] = instance_dict
    keywords.update(more)
    bases = cls.__orig_bases__ if "__orig_bases__" in cls.__dict__ else cls.__bases__
    if not strict and type(cls).__name__ == "_TypedDictMeta" and bases == (dict,):
        # Before 3.12, a typed dict that inherits from another has forgotten what it was made of, and the metaclass takes no `dict`.
        bases = (getattr(sys.modules.get(type(cls).__module__), "TypedDict", dict),)
    arguments = (type(cls), cls.__name__, bases, keywords, identity(cls, options), None)
    return home._make_skeleton_class, arguments, (own, {})


def _enum(cls, options, strict, home):
    from . import _enums

    members = {member.name: member.value for member in cls}
    own, _ = _state(cls, options, strict)
    for name in _ENUM:
        own.pop(name, None)
    rest = {}
    if strict:
        for name in members:
            own.pop(name)
    else:
        for name in cls.__members__:
            own.pop(name, None)
        members = _enums.members(cls, members)
        lost = _enums.lost(cls)
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


def function(obj, own, options, reduced=None):
    """Reduce a function that a decorator of the standard library made, or change what a configuration changes."""
    if reduced is None:
        from . import _repairs

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
