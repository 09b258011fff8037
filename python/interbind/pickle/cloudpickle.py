"""Cloudpickle's functions, under their names.

Two kinds of caller come here. Streams, where cloudpickle can't be imported: loading calls `_make_function` and its like. And
programs that know cloudpickle from inside. What pickles is the native half; the functions for that here ask it.
"""

import _collections_abc
import abc
import builtins
import copyreg
import dataclasses
import dis
import io
import itertools
import logging
import opcode
import os
import pickle
import platform
import struct
import sys
import threading
import types
import typing
import uuid
import warnings
import weakref
from collections import ChainMap, OrderedDict
from enum import Enum
from types import CellType

from .. import _pickle as _native
from . import _by_value, _config, _home, _parameters, _where
from ._lock import Lock
from ._loading import Unpickler, load, loads
from ._pickler import DEFAULT_PROTOCOL, CloudPickler, Pickler, dump, dumps
from ._registry import (
    _PICKLE_BY_VALUE_MODULES,
    list_registry_pickle_by_value,
    register_pickle_by_value,
    unregister_pickle_by_value,
)
from ._registry import is_registered as _is_registered

PYPY = platform.python_implementation() == "PyPy"
builtin_code_type = None

STORE_GLOBAL = opcode.opmap["STORE_GLOBAL"]
LOAD_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
GLOBAL_OPS = tuple(opcode.opmap[name] for name in ("STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_GLOBAL") if name in opcode.opmap)
if "DELETE_GLOBAL" in opcode.opmap:
    DELETE_GLOBAL = opcode.opmap["DELETE_GLOBAL"]
HAVE_ARGUMENT = dis.HAVE_ARGUMENT
EXTENDED_ARG = dis.EXTENDED_ARG

# --- classes that have been loaded, or have gone by value: known again by their ids

_theirs = _home.theirs()
if _theirs is None:
    _DYNAMIC_CLASS_TRACKER_BY_CLASS = weakref.WeakKeyDictionary()
    _DYNAMIC_CLASS_TRACKER_BY_ID = weakref.WeakValueDictionary()
    _DYNAMIC_CLASS_TRACKER_LOCK = threading.RLock()
else:
    # Both write and load streams in this process: a class has one id.
    _DYNAMIC_CLASS_TRACKER_BY_CLASS = _theirs._DYNAMIC_CLASS_TRACKER_BY_CLASS
    _DYNAMIC_CLASS_TRACKER_BY_ID = _theirs._DYNAMIC_CLASS_TRACKER_BY_ID
    _DYNAMIC_CLASS_TRACKER_LOCK = _theirs._DYNAMIC_CLASS_TRACKER_LOCK
#: Ours in any case: cloudpickle's isn't always given back, see `_home.new_id`.
_lock = Lock()
#: Classes that have been filled, for `skip_reset_dynamic_type_state`.
_filled = weakref.WeakSet()


def _get_or_create_tracker_id(class_def):
    known = _DYNAMIC_CLASS_TRACKER_BY_CLASS.get(class_def)
    return _home.new_id(sys.modules[__name__], class_def) if known is None else known


def _lookup_class_or_track(class_tracker_id, class_def):
    if class_tracker_id is None:
        return class_def
    with _lock:
        class_def = _DYNAMIC_CLASS_TRACKER_BY_ID.setdefault(class_tracker_id, class_def)
        _DYNAMIC_CLASS_TRACKER_BY_CLASS[class_def] = class_tracker_id
    return class_def


# --- what loading calls


def subimport(name):
    """Import a module by its dotted name and return it, not the package around it."""
    __import__(name)
    return sys.modules[name]


def dynamic_subimport(name, vars):
    """Make a module that no file has."""
    module = types.ModuleType(name)
    module.__dict__.update(vars)
    module.__dict__["__builtins__"] = builtins.__dict__
    return module


def _builtin_type(name):
    # Streams of cloudpickle before 1.3 have a name that is gone.
    return type if name == "ClassType" else getattr(types, name)


def instance(cls):
    """Make an instance of a class."""
    return cls()


@instance
class _empty_cell_value:
    """What stands for the content of an empty cell."""

    @classmethod
    def __reduce__(cls):
        return cls.__name__


def _get_cell_contents(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _empty_cell_value


def _make_empty_cell():
    return CellType()


def _make_cell(value=_empty_cell_value):
    return CellType() if value is _empty_cell_value else CellType(value)


def _make_function(code, globals, name, argdefs, closure):
    globals["__builtins__"] = builtins.__dict__
    return types.FunctionType(code, globals, name, argdefs, closure)


def _make_function_from_identifier(get_code_from_identifier, code_path, globals, name, argdefs):
    code = get_code_from_identifier(code_path)
    return _make_function(code, globals, name, argdefs, tuple(CellType() for _ in code.co_freevars))


def _function_setstate(obj, state):
    attributes, slots = state
    obj.__dict__.update(attributes)
    slots.pop("_cloudpickle_submodules")
    globals, closure = slots.pop("__globals__"), slots.pop("__closure__")
    obj.__globals__.update(globals)
    obj.__globals__["__builtins__"] = builtins.__dict__
    for own, loaded in zip(obj.__closure__ or (), closure or ()):
        value = _get_cell_contents(loaded)
        if value is not _empty_cell_value:
            own.cell_contents = value
    for name, value in slots.items():
        setattr(obj, name, value)


def _make_skeleton_class(type_constructor, name, bases, type_kwargs, class_tracker_id, extra):
    content = {sys.intern(key): value for key, value in type_kwargs.items()}
    made = types.new_class(name, bases, {"metaclass": type_constructor}, lambda namespace: namespace.update(content))
    return _lookup_class_or_track(class_tracker_id, made)


def _make_skeleton_enum(bases, name, qualname, members, module, class_tracker_id, extra):
    metaclass = type(bases[-1])
    content = metaclass.__prepare__(name, bases)
    for member, value in members.items():
        content[member] = value
    made = metaclass.__new__(metaclass, name, bases, content)
    made.__module__, made.__qualname__ = module, qualname
    return _lookup_class_or_track(class_tracker_id, made)


def _class_setstate(obj, state, skip_reset_dynamic_type_state=False):
    with _lock:
        if skip_reset_dynamic_type_state and obj in _filled:
            return obj
        _filled.add(obj)
    attributes, _ = state
    registered = ()
    for name, value in attributes.items():
        if name == "_abc_impl":
            registered = value
        else:
            setattr(obj, name, value)
    # Setting any attribute of a class takes this one away, from 3.13.
    if sys.version_info >= (3, 13) and "__firstlineno__" in attributes:
        obj.__firstlineno__ = attributes["__firstlineno__"]
    for kind in registered:
        obj.register(kind)
    return obj


def _make_typevar(name, bound, constraints, covariant, contravariant, class_tracker_id):
    made = typing.TypeVar(name, *constraints, bound=bound, covariant=covariant, contravariant=contravariant)
    return _lookup_class_or_track(class_tracker_id, made)


def _make_dict_keys(obj, is_ordered=False):
    return (OrderedDict if is_ordered else dict).fromkeys(obj).keys()


def _make_dict_values(obj, is_ordered=False):
    return (OrderedDict if is_ordered else dict)(enumerate(obj)).values()


def _make_dict_items(obj, is_ordered=False):
    return (OrderedDict(obj) if is_ordered else obj).items()


def _file_reconstructor(retval):
    return retval


_DATACLASSE_FIELD_TYPE_SENTINELS = {
    kind.name: kind for kind in (dataclasses._FIELD, dataclasses._FIELD_CLASSVAR, dataclasses._FIELD_INITVAR)
}


def _get_dataclass_field_type_sentinel(name):
    return _DATACLASSE_FIELD_TYPE_SENTINELS[name]


# --- reducers of objects that are rare: the tables call them


def _helper(name):
    # The function as it is written into streams: cloudpickle's, where there is one.
    return getattr(_home.find(), name)


_cell_reduce = _native._cell_reduce
_code_reduce = _native._code_reduce
_classmethod_reduce = _native._classmethod_reduce
_property_reduce = _native._property_reduce
_method_reduce = _native._method_reduce
_module_reduce = _native._module_reduce
_mappingproxy_reduce = _native._mappingproxy_reduce
_getset_descriptor_reduce = _native._getset_descriptor_reduce
_typevar_reduce = _parameters.typevar


def _file_reduce(obj):
    """Reduce an open file to its content and position."""
    if not hasattr(obj, "name") or not hasattr(obj, "mode"):
        raise pickle.PicklingError("Cannot pickle files that do not map to an actual file")
    for name in ("stdout", "stderr"):
        if obj is getattr(sys, name):
            return getattr, (sys, name)
    if obj is sys.stdin:
        raise pickle.PicklingError("Cannot pickle standard input")
    if obj.closed:
        raise pickle.PicklingError("Cannot pickle closed files")
    if hasattr(obj, "isatty") and obj.isatty():
        raise pickle.PicklingError("Cannot pickle files that map to tty objects")
    if "r" not in obj.mode and "+" not in obj.mode:
        raise pickle.PicklingError(f"Cannot pickle files that are not opened for reading: {obj.mode}")
    try:
        position = obj.tell()
        obj.seek(0)
        content = obj.read()
        obj.seek(position)
    except OSError as error:
        raise pickle.PicklingError(f"Cannot pickle file {obj.name} as it cannot be read") from error
    copy = io.StringIO()
    copy.write(content)
    copy.seek(position)
    copy.name = obj.name
    return _helper("_file_reconstructor"), (copy,)


def _logger_reduce(obj):
    return logging.getLogger, (obj.name,)


def _root_logger_reduce(obj):
    return logging.getLogger, ()


def _memoryview_reduce(obj):
    return bytes, (obj.tobytes(),)


def _weakset_reduce(obj):
    return weakref.WeakSet, (list(obj),)


def _dict_keys_reduce(obj):
    return _helper("_make_dict_keys"), (list(obj),)


def _dict_values_reduce(obj):
    return _helper("_make_dict_values"), (list(obj),)


def _dict_items_reduce(obj):
    return _helper("_make_dict_items"), (dict(obj),)


def _odict_keys_reduce(obj):
    return _helper("_make_dict_keys"), (list(obj), True)


def _odict_values_reduce(obj):
    return _helper("_make_dict_values"), (list(obj), True)


def _odict_items_reduce(obj):
    return _helper("_make_dict_items"), (dict(obj), True)


def _dataclass_field_base_reduce(obj):
    return _helper("_get_dataclass_field_type_sentinel"), (obj.name,)


# --- questions that programs ask


def _is_registered_pickle_by_value(module):
    return _is_registered(module.__name__)


_getattribute = _where.walk
_whichmodule = _where.which_module


def _lookup_module_and_qualname(obj, name=None):
    return _where.found(obj, name)


def _should_pickle_by_reference(obj, name=None):
    if isinstance(obj, types.ModuleType):
        return not _is_registered_pickle_by_value(obj) and obj.__name__ in sys.modules
    if not isinstance(obj, types.FunctionType) and not issubclass(type(obj), type):
        raise TypeError(f"cannot check importability of {type(obj).__name__} instances")
    return _where.by_name(obj, None, name) is not None


def _walk_global_ops(code):
    for instruction in dis.get_instructions(code):
        if instruction.opcode in GLOBAL_OPS:
            yield instruction.argval


def _extract_code_globals(co):
    names = dict.fromkeys(_walk_global_ops(co))
    for constant in co.co_consts or ():
        if isinstance(constant, types.CodeType):
            names.update(_extract_code_globals(constant))
    return names


def _find_imported_submodules(code, top_level_dependencies):
    words, found = set(code.co_names), []
    for package in top_level_dependencies:
        if isinstance(package, types.ModuleType) and getattr(package, "__package__", None):
            start = package.__name__ + "."
            for name in list(sys.modules):
                if name is not None and name.startswith(start) and words.issuperset(name[len(start) :].split(".")):
                    found.append(sys.modules[name])
    return found


def _extract_class_dict(cls):
    return _by_value.own_attributes(cls, strict=True)


def is_tornado_coroutine(func):
    """Tell whether a function is a coroutine of Tornado's."""
    warnings.warn(
        "is_tornado_coroutine is deprecated in cloudpickle 3.0 and will be removed in cloudpickle 4.0. "
        "Use tornado.gen.is_coroutine_function directly instead.",
        category=DeprecationWarning,
        stacklevel=2,
    )
    gen = sys.modules.get("tornado.gen")
    return bool(gen is not None and hasattr(gen, "is_coroutine_function") and gen.is_coroutine_function(func))


def _get_bases(typ):
    own = getattr(typ, "__dict__", {})
    return typ.__orig_bases__ if "__orig_bases__" in own else typ.__bases__


def _decompose_typevar(obj):
    return _home.find()._make_typevar and _parameters.typevar(obj)[1]


def _class_reduce(obj):
    return Pickler(io.BytesIO()).reducer_override(obj)


def _dynamic_class_reduce(obj):
    return _by_value.class_(obj, None)


def _class_getnewargs(obj):
    return _dynamic_class_reduce(obj)[1]


def _class_getstate(obj):
    return _dynamic_class_reduce(obj)[2]


_enum_getnewargs = _class_getnewargs
_enum_getstate = _class_getstate


def _function_getstate(func):
    return Pickler(io.BytesIO())._dynamic_function_reduce(func)[2]


_BUILTIN_TYPE_NAMES = {value: name for name, value in vars(types).items() if type(value) is type}
CloudPickleConfig, GetCodeObjectParams = _config.CloudPickleConfig, _config.GetCodeObjectParams
