"""Code as source, for other versions of Python.

A code object belongs to one version. Where the file that it came from is there, the function's source can go instead: it is compiled
where it is loaded. It goes only if compiling it here gives the same code, so that nobody gets the code of a file that was edited
meanwhile.
"""

import __future__
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
    nodes = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS) and _may_be(node, made, class_name)]
    for check in (True, False):
        if not check:
            # From 3.12, code depends on what the rest of the file imports. Where all of it compiles to this code, places say which
            # function that is.
            nodes = [node for node in nodes if _stands_at(node, made)] if _compiles_to(tree, made) else []
            nodes = nodes if len(nodes) == 1 else []
        for node in nodes:
            for module in _candidates(node, made, class_name, shown):
                text = _written(module, made, check)
                if text is not None:
                    return text
    raise PicklingError(
        f"can't write {shown} as source: what {made.co_filename!r} has at line {made.co_firstlineno} compiles to other code; was the file"
        " edited after it was imported? Import it again, or leave out portable='source'"
    )


def _candidates(node, made, class_name, qualname):
    """Return modules that leave the function under a name: as its qualified name says where it was, then as plainly as it goes."""
    if isinstance(node, ast.Lambda):
        bare = ast.copy_location(ast.Lambda(args=_arguments(node.args), body=node.body), node)
        body = [ast.copy_location(ast.Assign(targets=[ast.Name(id=_WRAPPER, ctx=ast.Store())], value=bare), node)]
        name = _WRAPPER
    else:
        fields = {field: getattr(node, field) for field in node._fields if hasattr(node, field)}
        fields.update(decorator_list=[], returns=None, args=_arguments(node.args), type_comment=None)
        if "type_params" in fields:
            fields["type_params"] = []
        body, name = [ast.copy_location(type(node)(**fields), node)], node.name
    free = list(made.co_freevars)
    outer = [part for part in qualname.split(".")[:-1]]
    if all(part == "<locals>" or part.isidentifier() for part in outer) and not (free and not outer):
        yield _nested(body, name, outer, free, node)
    if class_name is not None or "__class__" in free:
        # In a class: private names get its name, and `super()` finds it.
        yield _nested(body, name, [_WRAPPER, "<locals>", class_name or "C"], free, node)
        if "__class__" in free:
            return
    yield _nested(body, name, [_WRAPPER, "<locals>"], free, node)


def _nested(body, name, outer, free, node):
    """Return a module with a body inside functions and classes of these names; variables of its closure are the outermost one's."""
    result = name
    free = [variable for variable in free if variable != "__class__"]
    place, inner = len(outer), body
    while place:
        place -= 1
        if outer[place] == "<locals>":
            place -= 1
            given = free if place == 0 else []
            arguments = ast.arguments(
                posonlyargs=[], args=[ast.arg(arg=name) for name in given], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
            )
            back = ast.Return(value=ast.parse(result, mode="eval").body)
            around = ast.FunctionDef(
                name=outer[place], args=arguments, body=[*inner, back], decorator_list=[], returns=None, type_comment=None, **_no_parameters()
            )
            result = f"{outer[place]}({', '.join(['None'] * len(given))})"
        else:
            around = ast.ClassDef(name=outer[place], bases=[], keywords=[], decorator_list=[], body=inner, **_no_parameters())
            private = result.startswith("__") and not result.endswith("__") and result.isidentifier()
            attribute = "_" + outer[place].lstrip("_") + result if private else result
            named = attribute.isidentifier()
            result = f"{outer[place]}.__dict__[{attribute!r}]" if named else f"{outer[place]}.{result}"
        inner = [ast.copy_location(around, node)]
    if result != _WRAPPER:
        inner = [*inner, *ast.parse(f"{_WRAPPER} = {result}").body]
    return ast.fix_missing_locations(ast.Module(body=inner, type_ignores=[]))


def _no_parameters():
    return {"type_params": []} if sys.version_info >= (3, 12) else {}


def _arguments(arguments):
    """Return a function's parameters without annotations; defaults and their number aren't code."""
    strip = lambda one: None if one is None else ast.copy_location(ast.arg(arg=one.arg), one)  # noqa: E731
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


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _may_be(node, made, class_name):
    first = min([node.lineno] + [line.lineno for line in getattr(node, "decorator_list", ())])
    return first == made.co_firstlineno and (class_name is not None or getattr(node, "name", "<lambda>") == made.co_name)


def _stands_at(node, made):
    """Tell whether each place of a code object is in this function, and in none inside it."""
    if sys.version_info < (3, 11):
        return False
    inner = [found for found in ast.walk(node) if isinstance(found, _FUNCTIONS) and found is not node and _may_be(found, made, None)]
    body = node.body if isinstance(node.body, list) else [node.body]
    start, end = body[0], body[-1]
    places = [(line, column) for line, _, column, _ in made.co_positions() if column and line]
    return bool(places) and not any(_stands_at(found, made) for found in inner) and all(
        (start.lineno, start.col_offset) <= place <= (end.end_lineno, end.end_col_offset) for place in places
    )


def _compiles_to(tree, made):
    left = [compile(tree, "<source>", "exec", made.co_flags & __future__.annotations.compiler_flag, True)]
    while left:
        code = left.pop()
        if code.co_firstlineno == made.co_firstlineno and code.co_name == made.co_name and _same(code, made):
            return True
        left += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return False


def _written(module, made, check):
    """Return the text of a module that leaves a function with this code, or None: the module's code is another one.

    The module is compiled with the places that its parts have in the file, because code depends on what stands on one line. Then
    its text has to be the same program.
    """
    future = made.co_flags & __future__.annotations.compiler_flag
    space = {}
    try:
        exec(compile(module, "<source>", "exec", future, True), space)
    except (SyntaxError, ValueError):
        return None
    found = getattr(space.get(_WRAPPER), "__code__", None)
    if found is None or check and not _same(found, made) or found.co_freevars != made.co_freevars:
        return None
    text = _unparsed(module) + "\n"
    if ast.dump(ast.parse(text)) != ast.dump(module):
        return None
    if future:
        return f"from __future__ import annotations\n{text}"
    if sys.version_info >= (3, 14) and _has_annotations(module):
        # Nobody evaluates them here before they are asked for. Older versions would: they keep them as text.
        return _LATER.format(text=text)
    return text


def _unparsed(module):
    """Return a module's text. From 3.11, `ast.unparse` leaves out the brackets of `a[(*b,)]`, which older versions need."""
    text = ast.unparse(module)
    stars = _Stars(text)
    bare = stars.visit(ast.parse(text))
    if not stars.written:
        return text
    text = ast.unparse(bare)
    for name, written in reversed(stars.written):
        text = text.replace(name, written)
    return text


class _Stars(ast.NodeTransformer):
    """Puts a name in the place of each index with a star, and keeps what is to be written there; inner ones come first."""

    def __init__(self, text):
        self.prefix, self.written = "_index", []
        while self.prefix in text:
            self.prefix += "_"

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple) and any(isinstance(one, ast.Starred) for one in node.slice.elts):
            name = f"{self.prefix}{len(self.written)}x"
            self.written.append((name, ast.unparse(node.slice)))
            node.slice = ast.Name(id=name, ctx=ast.Load())
        return node


_LATER = """import sys, __future__ as later
exec(compile({text!r}, "<source>", "exec", 0 if sys.version_info >= (3, 14) else later.annotations.compiler_flag, True))
"""


def _has_annotations(module):
    return any(
        getattr(node, "annotation", None) is not None or getattr(node, "returns", None) is not None for node in ast.walk(module)
    )


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
            elif not _equal(mine, theirs):
                # Qualified names of inner functions are constants before 3.11.
                if not (sys.version_info < (3, 11) and isinstance(mine, str) and mine.rpartition(".")[2] == str(theirs).rpartition(".")[2]):
                    return False
    return True


def _equal(mine, theirs):
    """Tell whether two constants are the same: of one class, and equal in each bit."""
    if type(mine) is not type(theirs):
        return False
    if isinstance(mine, tuple):
        return len(mine) == len(theirs) and all(map(_equal, mine, theirs))
    if isinstance(mine, frozenset):
        # Members of one class that are equal may differ in a sign.
        return sorted(map(_shown, mine)) == sorted(map(_shown, theirs))
    if isinstance(mine, slice):
        return _equal((mine.start, mine.stop, mine.step), (theirs.start, theirs.stop, theirs.step))
    # The text of a float or a complex has its sign, and that of what isn't a number is equal to itself.
    return mine == theirs if isinstance(mine, (str, bytes, int)) else repr(mine) == repr(theirs)


def _shown(constant):
    if isinstance(constant, frozenset):
        return "{" + ",".join(sorted(map(_shown, constant))) + "}"
    if isinstance(constant, tuple):
        return "(" + ",".join(map(_shown, constant)) + ")"
    return f"{type(constant).__name__} {constant!r}"


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
