"""`import` statements inside functions that go by value: what they import of the same packages goes along.

The loading process puts those modules into its `sys.modules`, unless it has them already; then the statement finds them there.
"""

import dis
import sys
import types
from importlib.util import resolve_name

from . import _where
from ._call import Call


def _statements(code):
    """Yield level, name and names of each statement, also of code nested in this."""
    before = []
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            values = [found.argval for found in before[-2:]]
            level, wanted = values if len(values) == 2 else (0, None)
            yield level if isinstance(level, int) else 0, instruction.argval, wanted if isinstance(wanted, tuple) else ()
        elif instruction.opname != "EXTENDED_ARG":
            before.append(instruction)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _statements(constant)


def follow(function, options):
    """Return calls that put the modules into `sys.modules` which the function's statements import and which go by value."""
    package = function.__globals__.get("__package__") or (function.__module__ or "").rpartition(".")[0]
    found = {}
    for level, name, wanted in _statements(function.__code__):
        try:
            full = resolve_name("." * level + name, package) if level else name
        except ImportError:
            continue
        parts = full.split(".")
        names = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        for name in names + [f"{full}.{each}" for each in wanted]:
            module = sys.modules.get(name)
            if isinstance(module, types.ModuleType) and name not in found and _where.goes_by_value(module, options):
                found[name] = module
    put = Call(getattr, Call(getattr, sys, "modules"), "setdefault")
    return [Call(put, name, module) for name, module in found.items()]
