"""Hooks for classes that inherit from a certain one: what a library keeps in them that only one process understands is left out or
replaced, and made again where they are loaded."""

import operator

#: base → hook; the package's own may be for all classes with an attribute of that name.
hooks = {}

_mro = type.__dict__["__mro__"].__get__
_own = type.__dict__["__dict__"].__get__


def register_class_hook(base, hook):
    """Let a hook say how classes by value are written that inherit from `base`, in the writer's streams. None takes it away.

    `hook(cls)` returns two things: a dict of attributes that have another value in the stream (`...`: none), and the functions that
    are called with the loaded class when everything that is loaded with it is there.
    """
    if not isinstance(base, type):
        raise TypeError(f"a class hook is for a class and those that inherit from it, not for a {type(base).__name__}")
    if hook is None:
        hooks.pop(base, None)
    elif callable(hook):
        hooks[base] = hook
    else:
        raise TypeError("a class hook is called with each class")


def asked(cls):
    """Return what the hooks say of a class: that of the nearest base first."""
    changes, calls = {}, []
    if hooks:
        names = [name for name in hooks if isinstance(name, str) and name in _own(cls)]
        for key in (*_mro(cls), *names):
            # By their identity: a metaclass says how a class hashes.
            for hook in [hook for known, hook in hooks.items() if known is key]:
                said, called = hook(cls)
                changes = {**said, **changes}
                calls += called
    return changes, tuple(calls)


def of_models(pydantic):
    """Register the hook for models."""
    hooks[pydantic.BaseModel] = lambda cls: _of_pydantic(
        # No names of the loading frames.
        cls, operator.methodcaller("model_rebuild", force=True, _parent_namespace_depth=0)
    )


def of_dataclasses(pydantic):
    """Register the hook for pydantic's dataclasses."""

    def hook(cls):
        import dataclasses
        import functools

        if not dataclasses.is_dataclass(cls):
            return {}, ()
        return _of_pydantic(cls, functools.partial(pydantic.rebuild_dataclass, force=True, _parent_namespace_depth=0))

    hooks["__pydantic_validator__"] = hook


def _of_pydantic(cls, rebuild):
    """A model's schema holds ids of classes, and what is made of it holds the schema: the loaded model makes its own."""
    import dataclasses

    own = _own(cls)
    changes = dict.fromkeys(("__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__"), ...)
    # Only remembered, or made of this process's frames.
    for name, empty in ("__pydantic_setattr_handlers__", {}), ("__pydantic_parent_namespace__", None):
        if name in own:
            changes[name] = empty
    lazy = own.get("__signature__")
    if hasattr(lazy, "get_value") and hasattr(lazy, "name"):
        changes["__signature__"] = type(lazy)(lazy.name, lazy.get_value)
    infos = own.get("__pydantic_decorators__")
    if dataclasses.is_dataclass(infos):
        # Each says by its id of which class it is, for messages.
        changes["__pydantic_decorators__"] = type(infos)(
            **{
                field.name: {
                    name: dataclasses.replace(one, cls_ref=one.cls_ref.partition(":")[0]) if hasattr(one, "cls_ref") else one
                    for name, one in getattr(infos, field.name).items()
                }
                for field in dataclasses.fields(infos)
            }
        )
    if own.get("__pydantic_complete__") is not True:
        return changes, ()
    changes["__pydantic_complete__"] = False
    return changes, (rebuild,)
