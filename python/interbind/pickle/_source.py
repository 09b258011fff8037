"""Code as source, for other versions of Python.

A code object belongs to one version. Where the file that it came from is there, the function's source can go instead: it is compiled
where it is loaded. It goes only if compiling it here gives the same code, so that nobody gets the code of a file that was edited
meanwhile.
"""

import ast
import linecache
import operator
import sys
import types
from _pickle import PicklingError

from ._call import Call

#: What has to be the same: what code does, not where it stands or what it is called.
_SAME = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_code", "co_names", "co_varnames",
         "co_freevars", "co_cellvars", "co_name", "co_exceptiontable")
#: Of the flags: what kind of function it is, not where it lies or under which `__future__` it was compiled.
_FLAGS = 0x3AF | 0x4000000
_WRAPPER = "_made"


def code(function, options):
    """Return a call that makes a function's code from its source."""
    made = function.__code__ if isinstance(function, types.FunctionType) else function
    known = options.sources.get(made)
    if known is None:
        known = options.sources[made] = _call(made, _class_name(function), function)
    return known


def _call(made, class_name, function):
    space = {}
    run = Call(exec, _text(made, class_name, function), space)
    # `exec` returns None, which is false, which is 0: the name is looked up when the source has run.
    name = Call(operator.getitem, (_WRAPPER,), Call(bool, run))
    return Call(getattr, Call(operator.getitem, space, name), "__code__")


def _class_name(function):
    parts = getattr(function, "__qualname__", getattr(function, "co_qualname", "")).split(".")
    return parts[-2] if len(parts) > 1 and parts[-2] != "<locals>" else None


def _text(made, class_name, function):
    """Return source that leaves a function with this code under a name."""
    shown = getattr(function, "__qualname__", made.co_name)
    lines = linecache.getlines(made.co_filename, getattr(function, "__globals__", None))
    if not lines:
        raise PicklingError(f"can't write {shown} as source: {made.co_filename!r}, where it is from, isn't there; leave out portable='source'")
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError as error:
        raise PicklingError(f"can't write {shown} as source: {made.co_filename!r} doesn't compile: {error}") from error
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        first = min([node.lineno] + [line.lineno for line in getattr(node, "decorator_list", ())])
        if getattr(node, "name", "<lambda>") != made.co_name and class_name is None or first != made.co_firstlineno:
            continue
        for text in _candidates(node, made, class_name):
            try:
                found = _compiled(text)
            except (SyntaxError, ValueError):
                continue
            if found is not None and _same(found, made):
                return text
    raise PicklingError(
        f"can't write {shown} as source: what {made.co_filename!r} has at line {made.co_firstlineno} compiles to other code; was the file"
        " edited after it was imported? Import it again, or leave out portable='source'"
    )


def _candidates(node, made, class_name):
    if isinstance(node, ast.Lambda):
        bare = ast.Lambda(args=_arguments(node.args), body=node.body)
        name = _WRAPPER
        body = [ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=bare, lineno=1)]
    else:
        kind = type(node)
        fields = {field: getattr(node, field) for field in node._fields if hasattr(node, field)}
        fields.update(decorator_list=[], returns=None, args=_arguments(node.args), type_comment=None)
        if "type_params" in fields:
            fields["type_params"] = []
        bare = kind(**fields, lineno=1)
        name, body = node.name, [bare]
    free = [variable for variable in made.co_freevars]
    if class_name is not None or "__class__" in free:
        # In a class: private names get its name, and `super()` finds it.
        inner = [ast.ClassDef(name=class_name or "C", bases=[], keywords=[], decorator_list=[], body=body, lineno=1, **_no_parameters())]
        private = name.startswith("__") and not name.endswith("__")
        attribute = "_" + (class_name or "C").lstrip("_") + name if private else name
        result = f"{class_name or 'C'}.__dict__[{attribute!r}]"
        yield _wrapped(inner, [variable for variable in free if variable != "__class__"], result)
        if "__class__" in free:
            return
    yield _wrapped(body, free, name)


def _no_parameters():
    return {"type_params": []} if sys.version_info >= (3, 12) else {}


def _wrapped(body, free, result):
    # A variable of the closure is one of a function around it.
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=name) for name in free], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    back = ast.parse(f"return {result}").body
    around = ast.FunctionDef(
        name=_WRAPPER, args=arguments, body=body + back, decorator_list=[], returns=None, type_comment=None, lineno=1, **_no_parameters()
    )
    module = ast.fix_missing_locations(ast.Module(body=[around], type_ignores=[]))
    given = ", ".join(["None"] * len(free))
    return f"{ast.unparse(module)}\n{_WRAPPER} = {_WRAPPER}({given})\n"


def _arguments(arguments):
    """Return a function's parameters without annotations; defaults and their number aren't code."""
    strip = lambda one: None if one is None else ast.arg(arg=one.arg)  # noqa: E731
    none = ast.Constant(value=None)
    return ast.arguments(
        posonlyargs=[strip(one) for one in arguments.posonlyargs],
        args=[strip(one) for one in arguments.args],
        vararg=strip(arguments.vararg),
        kwonlyargs=[strip(one) for one in arguments.kwonlyargs],
        kw_defaults=[None if one is None else none for one in arguments.kw_defaults],
        kwarg=strip(arguments.kwarg),
        defaults=[none for _ in arguments.defaults],
    )


def _compiled(text):
    space = {}
    exec(compile(text, "<source>", "exec", dont_inherit=True), space)
    return getattr(space.get(_WRAPPER), "__code__", None)


def _same(one, other):
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if (one.co_flags ^ other.co_flags) & _FLAGS:
            return False
        for name in _SAME:
            if getattr(one, name, None) != getattr(other, name, None):
                return False
        if len(one.co_consts) != len(other.co_consts):
            return False
        for mine, theirs in zip(one.co_consts, other.co_consts):
            if isinstance(mine, types.CodeType) and isinstance(theirs, types.CodeType):
                pairs.append((mine, theirs))
            elif type(mine) is not type(theirs) or repr(mine) != repr(theirs) and mine != theirs:
                # Qualified names of inner functions are constants before 3.11.
                if not (sys.version_info < (3, 11) and isinstance(mine, str) and mine.rpartition(".")[2] == theirs.rpartition(".")[2]):
                    return False
    return True


def annotations(obj):
    """Return annotations that every version can hold: the values, or text where there are none."""
    if sys.version_info < (3, 14):
        # Up to 3.9, a class without any has its base's.
        found = vars(obj).get("__annotations__") if isinstance(obj, type) else obj.__annotations__
        return dict(found or {})
    try:
        return dict(obj.__annotations__)
    except Exception:
        import annotationlib

        return annotationlib.get_annotations(obj, format=annotationlib.Format.STRING)
