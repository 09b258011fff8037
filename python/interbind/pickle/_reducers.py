"""The tables of reducers: what functions and classes are made of, and objects that pickle can't take apart.

A class of a module that nobody has imported has no instances. So such modules aren't imported here: what belongs to them is
added when they are there.
"""

import abc
import copyreg
import sys
import types

from _collections import OrderedDict
from _io import TextIOWrapper

from .. import _pickle as _native
from . import _home, _registry

#: class → reducer, as cloudpickle has them.
reducers = {}
#: class → reducer of an object and the options, where cloudpickle fails or is wrong. `copyreg` and a pickler's table win.
repairs = {}
#: Those of `reducers` that take the options too.
with_options = {}
#: Those of `repairs` that take the session too.
with_session = {}
#: class → reducer for objects of classes that inherit from it, and have no way of their own.
families = {}
#: Classes whose instances hold what isn't written with them.
leaves = dict.fromkeys(
    (
        types.FrameType,
        types.TracebackType,
        types.GeneratorType,
        types.CoroutineType,
        types.AsyncGeneratorType,
        types.CodeType,
        TextIOWrapper,
    )
)


def _lazy(module, name):
    def reducer(obj, *options):
        return getattr(__import__("interbind.pickle." + module, None, None, [name]), name)(obj, *options)

    reducer.__name__ = reducer.__qualname__ = name
    return reducer


_wrapped = _native._classmethod_reduce
_property = _native._property_reduce
_typevar = _lazy("_parameters", "typevar")
_descriptor = _lazy("_repairs", "descriptor")

reducers[classmethod] = _wrapped
reducers[TextIOWrapper] = _lazy("cloudpickle", "_file_reduce")
reducers[memoryview] = _lazy("cloudpickle", "_memoryview_reduce")
reducers[property] = _property
reducers[staticmethod] = _wrapped
reducers[types.CellType] = _native._cell_reduce
reducers[types.CodeType] = _native._code_reduce
reducers[types.GetSetDescriptorType] = _descriptor
reducers[types.ModuleType] = _native._module_reduce
reducers[types.MethodType] = _native._method_reduce
reducers[types.MappingProxyType] = _native._mappingproxy_reduce
reducers[type({}.keys())] = _lazy("cloudpickle", "_dict_keys_reduce")
reducers[type({}.values())] = _lazy("cloudpickle", "_dict_values_reduce")
reducers[type({}.items())] = _lazy("cloudpickle", "_dict_items_reduce")
reducers[type(OrderedDict().keys())] = _lazy("cloudpickle", "_odict_keys_reduce")
reducers[type(OrderedDict().values())] = _lazy("cloudpickle", "_odict_values_reduce")
reducers[type(OrderedDict().items())] = _lazy("cloudpickle", "_odict_items_reduce")
reducers[abc.abstractmethod] = _wrapped
reducers[abc.abstractclassmethod] = _wrapped
reducers[abc.abstractstaticmethod] = _wrapped
reducers[abc.abstractproperty] = _property
with_options[_typevar] = with_options[_descriptor] = True
families[property] = _lazy("_repairs", "property_")
families[types.ModuleType] = _lazy("_repairs", "module")
# Of the classes that inherit from no other one here, those are meant whose instances have answers of their own.
families[object] = _lazy("_answers", "past")


def _of_logging(module):
    leaves.update(dict.fromkeys((module.Logger, module.RootLogger)))
    reducers[module.Logger] = _lazy("cloudpickle", "_logger_reduce")
    reducers[module.RootLogger] = _lazy("cloudpickle", "_root_logger_reduce")


def _of_weakref(module):
    repairs[module.ref] = _lazy("_repairs", "reference")
    repairs[module.WeakKeyDictionary] = repairs[module.WeakValueDictionary] = _lazy("_repairs", "weak_dict")
    repairs[module.WeakMethod] = _lazy("_repairs", "weak_method")
    with_session[repairs[module.WeakMethod]] = True
    with_session[repairs[module.ref]] = with_session[repairs[module.WeakKeyDictionary]] = True


def _of_weakrefset(module):
    reducers[module.WeakSet] = _lazy("cloudpickle", "_weakset_reduce")


def _of_typing(module):
    reducers[module.TypeVar] = _typevar
    for name in ("ParamSpec", "TypeVarTuple"):
        if hasattr(module, name):
            repairs[getattr(module, name)] = _lazy("_parameters", "parameter")
    if hasattr(module, "TypeAliasType"):
        repairs[module.TypeAliasType] = _lazy("_parameters", "alias")


def _of_new_type(module):
    if isinstance(module.NewType, type):
        repairs[module.NewType] = _lazy("_repairs", "new_type")


def _of_dataclasses(module):
    for name in ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY"):
        if hasattr(module, name):
            repairs[type(getattr(module, name))] = _lazy("_repairs", "sentinel")
    reducers[module._FIELD_BASE] = _lazy("cloudpickle", "_dataclass_field_base_reduce")


def _of_functools(module):
    repairs[module._lru_cache_wrapper] = _lazy("_repairs", "cache")
    if sys.version_info < (3, 12):
        repairs[module.cached_property] = families[module.cached_property] = _lazy("_repairs", "cached_property")
    if sys.version_info >= (3, 14):
        repairs[module.partialmethod] = families[module.partialmethod] = _lazy("_repairs", "partialmethod")


if sys.version_info >= (3, 12):
    # The syntax makes such objects where nobody has imported `typing`.
    import _typing as _
_typing = "_typing" if sys.version_info >= (3, 12) else "typing"
_pending = {
    "logging": _of_logging,
    "weakref": _of_weakref,
    "_weakrefset": _of_weakrefset,
    _typing: _of_typing,
    "typing.NewType": _of_new_type,
    "dataclasses": _of_dataclasses,
    "functools": _of_functools,
}


def refresh():
    """Add what belongs to modules that have been imported meanwhile."""
    _registry.share()
    for name in list(_pending):
        module = sys.modules.get(name.partition(".")[0])
        # One that is being imported has its classes later.
        if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
            # Out of the list last: where memory runs out here, the next dump tries again.
            add = _pending.get(name)
            if add is not None:
                add(module)
                _pending.pop(name, None)


def whole():
    """Return all reducers, `copyreg`'s behind them: what is written into it holds for all picklers."""
    from collections import ChainMap

    for name in list(_pending):
        if name in ("logging", "dataclasses", "_weakrefset", _typing):
            __import__(name)
    refresh()
    return ChainMap(reducers, copyreg.dispatch_table)


explain = _lazy("_failure", "explain")


def _options(*given):
    from ._options import make

    return make(*given)


_native.attach(
    reducers,
    repairs,
    with_options,
    refresh,
    {value: name for name, value in vars(types).items() if type(value) is type},
    _options,
    _lazy("_by_value", "class_"),
    _lazy("_by_value", "function"),
    _home.find_with_ids,
    _registry.registries,
    _lazy("_imports", "follow"),
    leaves,
    with_session,
    families,
    _lazy("_repairs", "slot_names"),
)
