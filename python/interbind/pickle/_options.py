"""The options of one pickler, checked."""

import sys


class Options:
    """What a pickler was asked for. The native half reads it once."""

    __slots__ = ("strict", "filenames", "main_by_reference", "configured", "rules", "config")

    def __init__(self, strict, compat, config, by_value):
        if compat not in (None, "3.1.2", "3.1.3"):
            raise ValueError(f"compat={compat!r}: the bytes are those of cloudpickle '3.1.3' or '3.1.2'")
        self.strict = bool(strict)
        self.config = config
        self.rules = tuple(_rule(rule) for rule in _rules(by_value))
        self.main_by_reference = bool(getattr(config, "pickle_main_by_ref", False))
        interceptor = getattr(config, "filepath_interceptor", None)
        self.filenames = compat == "3.1.2" or interceptor is not None
        self.configured = config is not None and (
            interceptor is not None
            or getattr(config, "get_code_object_params", None) is not None
            or bool(getattr(config, "skip_reset_dynamic_type_state", False))
            or not _usual_ids(config)
        )


def _usual_ids(config):
    from . import _config

    return getattr(config, "id_generator", _config.uuid_generator) is _config.uuid_generator


def _rules(by_value):
    if by_value is None:
        return ()
    if isinstance(by_value, (str, type(sys))) or callable(by_value):
        return (by_value,)
    return by_value


def _rule(rule):
    # A package is told from a prefix by the NUL at its end, which no module's name has.
    if isinstance(rule, type(sys)):
        return str(rule.__name__) + "\0"
    if isinstance(rule, str):
        return rule if rule.endswith(".") else rule + "\0"
    if callable(rule):
        return rule
    raise TypeError(f"by_value takes modules, names and functions of a name, not {rule!r}")


def make(strict=None, compat=None, config=None, by_value=None):
    """Return the options, or None where all is as usual."""
    if not strict and compat in (None, "3.1.3") and config is None and not by_value:
        return None
    return Options(strict, compat, config, by_value)
