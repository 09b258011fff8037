"""Walks a module and the modules and classes in it, and gives each function a name that leads back to it.

It goes by breadth, so that a thing gets the shortest of its names, and looks at each thing once, so that cycles end. All
that is changed is written down before it is changed; when something fails on the way, memory say, all of it is undone.
"""

from __future__ import annotations

import copyreg
import sys
from collections import defaultdict, deque
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Callable, Hashable, Union

from . import _dill, _held, _kinds, _read
from ._kinds import Kind, kind_of
from ._read import MISSING, Path
from ._report import Change, Mended, Refusal, Undo, show

#: What calls of `mend` did that `restore` can undo, with the modules, by their names.
_mended: dict[str, list[tuple[object, Mended]]] = {}
#: The most modules or classes inside each other: their names grow with each.
_DEEPEST = 100


def mend(module: Union[str, ModuleType]) -> Mended:
    """Let the functions and methods of a module pickle by name.

    `module` is an imported module, or the name of one to import. Modules that lie in it and belong to it are mended too.

    - Modules inside that aren't in `sys.modules` are registered there, under their full names.
    - `__module__` and `__qualname__` of functions and classes are corrected where they lead nowhere and can be set.
    - `copyreg`, which pickle and copy ask, learns the types of functions that nanobind, pybind11 and Boost.Python make.

    A module that is mended stays as it is when it is mended again. What can't be given a name is listed in the answer, with
    the reason; so is every change. Raises ValueError when the module isn't in `sys.modules`.
    """
    found: Any = import_module(module) if isinstance(module, str) else module
    if not _read.is_module(found):
        raise TypeError(f"mend() takes a module or its name, not '{_read.class_name(type(found))}'")
    if _read.is_put_off(found):
        # Whatever it is asked for, it loads first.
        getattr(found, "__spec__", None)
    undo = Undo()
    work = _Work(found, undo)
    try:
        work.run()
        report = Mended(work.root, undo)
        report.changes = undo.changes()
        report.functions = tuple(work.functions)
        report.refused = tuple(work.refused)
        if undo:
            with _held.lock:
                others = [entry for entry in _mended.get(work.root, ()) if not entry[1].is_undone()]
                _mended[work.root] = [*others, (found, report)]
    except BaseException:
        undo.run()
        raise
    return report


def restore(module: Union[str, ModuleType]) -> tuple[Change, ...]:
    """Undo all that `mend` did for a module; returns the changes that were undone.

    What somebody else has changed meanwhile stays as it is, and what another mended module needs stays until that is restored.
    A module may be in `sys.modules` no longer, or under another name.
    """
    if not isinstance(module, str) and not _read.is_module(module):
        raise TypeError(f"restore() takes a module or its name, not '{_read.class_name(type(module))}'")
    with _held.lock:
        if isinstance(module, str):
            names = [module]
        else:
            names = [name for name, entries in _mended.items() if any(mended is module for mended, _ in entries)]
        reports = [report for name in names for _, report in _mended.pop(name, [])]
    return tuple([change for report in reversed(reports) for change in report.restore()])


def _registered() -> dict[int, list[str]]:
    """The names of all imported modules, by the modules' ids."""
    # Not by `setdefault`, whose dict is broken in CPython 3.13.0 when there was no memory for it to grow.
    names: defaultdict[int, list[str]] = defaultdict(list)
    for name, module in sys.modules.copy().items():
        if type(name) is str and _read.is_module(module):
            names[id(module)].append(name)
    return dict(names)


def _name_of(module: object, registered: dict[int, list[str]]) -> str:
    """The name that a module is imported under: of several, its own."""
    own = _read.attribute(module, "__name__")
    names = registered.get(id(module), [])
    if not names:
        shown = own if type(own) is str else "?"
        raise ValueError(f"module '{shown}' isn't in sys.modules, where pickle looks for it; fix: import it by its full name")
    return own if own in names else names[0]


class _Work:
    """One call of `mend`."""

    def __init__(self, module: object, undo: Undo) -> None:
        self._undo = undo
        self._registered = _registered()
        self.root = _name_of(module, self._registered)
        self.functions: list[str] = []
        self.refused: list[Refusal] = []
        # Everything that was looked at, kept so that no id comes again.
        self._seen: dict[int, object] = {id(module): module}
        self._modules: deque[tuple[object, str, object]] = deque([(module, self.root, self.root)])
        self._classes: deque[tuple[Any, Path, object]] = deque()
        # Modules that couldn't be registered under the name by which they were met, and why: they may be met by another.
        self._others: dict[int, tuple[object, Path, str]] = {}

    def run(self) -> None:
        """Go through everything."""
        while self._modules:
            module, full, before = self._modules.popleft()
            self._need(("sys.modules", full), ("__name__", id(module)))
            for name, value in _read.attributes(module).items():
                if _read.is_module(value):
                    self._module(value, module, full, name)
                elif _read.is_class(value):
                    self._class(value, (full, name), before)
                elif _is_in(_read.put_off(value), self.root):
                    self._refuse((full, name), "its import is put off until it is used")
                else:
                    self._function(value, (full, name), before)
        for module, path, reason in self._others.values():
            if id(module) not in self._seen:
                self._refuse(path, reason)
        classes = []
        while self._classes:
            cls, path, before = self._classes.popleft()
            classes.append((cls, path))
            for name, value in _read.members(cls).items():
                inside = (path[0], f"{path[1]}.{name}")
                if not _read.is_class(value):
                    self._method(value, inside, before)
                elif _read.claim(value)[1] in (name, inside[1]):
                    # Under its own name it lies here; under another it is only mentioned.
                    self._class(value, inside, before)
        # What a class inherits comes last: its base may have no name of its own.
        for cls, path in classes:
            for base in _read.order(cls)[1:]:
                for name, value in _read.members(base).items():
                    self._method(value, (path[0], f"{path[1]}.{name}"), path[0])

    def _module(self, module: object, around: object, parent: str, name: str) -> None:
        """Takes a module that lies in another: registers it, if nobody has."""
        full, own = f"{parent}.{name}", _read.attribute(module, "__name__")
        names = self._registered.get(id(module))
        if names is not None:
            # Others are only visiting, as `numpy` is in a module that imports it.
            inside = [name for name in names if name.startswith(self.root + ".")]
            if inside and self._once(module):
                if _read.is_put_off(module):
                    return self._refuse((parent, name), "its import is put off until it is used")
                self._modules.append((module, inside[0], inside[0]))
            return
        if _read.attribute(module, "__spec__") not in (None, MISSING) or id(module) in self._seen:
            # With a spec it was imported, and taken out of `sys.modules`, or never put there.
            return
        if type(own) is not str or own.rpartition(".")[2] != name:
            return self._later(module, (parent, name), f"its __name__ is {show(own)}, so it isn't known to belong here")
        if full.count(".") > _DEEPEST:
            self._once(module)
            return self._refuse((parent, name), f"it lies more than {_DEEPEST} modules deep")
        if full not in sys.modules and _is_importable(around, full):
            return self._later(module, (parent, name), f"another '{full}' can be imported")
        if not self._register(full, module):
            return self._later(module, (parent, name), f"sys.modules has another '{full}'")
        self._once(module)
        if not _read.same(own, full):
            self._set(module, ".".join((parent, name)), "__name__", own, full)
        self._modules.append((module, full, own))

    def _later(self, module: object, path: Path, reason: str) -> None:
        """Refuses a module, unless it is met by another name."""
        if id(module) not in self._others:
            self._others[id(module)] = module, path, reason

    def _class(self, cls: Any, path: Path, before: object) -> None:
        """Takes a class: corrects its name, if that leads nowhere."""
        if not self._once(cls):
            return
        if path[1].count(".") > _DEEPEST:
            return self._refuse(path, f"it lies more than {_DEEPEST} classes deep")
        module, qualname = _read.claim(cls)
        self._need(("__module__", id(cls)), ("__qualname__", id(cls)))
        self._classes.append((cls, path, before))
        if _read.leads_to((module, qualname), cls) or "<locals>" in qualname:
            return
        if _read.same(module, path[0]) and "." not in path[1]:
            return self._refuse(path, f"its name is {show(qualname)}, where it isn't")
        if type(module) is not str or not self._belongs(module, path[0], before):
            # What is no text may be a property, for the instances; and what isn't imported will be, by pickle.
            if type(module) is not str or module in sys.modules:
                self._refuse(path, f"its __module__ is {show(module)}, where it isn't")
            return
        if not _read.leads_to(path, cls):
            return self._refuse(path, "looking it up gives another object")
        for what, old, new in (("__module__", module, path[0]), ("__qualname__", qualname, path[1])):
            if not _read.same(old, new) and not self._set(cls, ".".join(path), what, old, new):
                return self._refuse(path, f"its {what} is {show(old)}, and it can't be set")

    def _method(self, value: Any, path: Path, before: object) -> None:
        """Takes what lies in a class."""
        if type(value) is classmethod:
            self._function(value.__func__, (path[0], f"{path[1]}.__func__"), before)
        else:
            self._function(value.__func__ if type(value) is staticmethod else value, path, before)

    def _function(self, function: Any, path: Path, before: object) -> None:
        """Takes a function, if it is one that a binder made: gives it a name that leads back to it."""
        kind = kind_of(function)
        if kind is None or not self._once(function):
            return
        self._need(("__module__", id(_target(function, kind))))
        module = _read.said(function, "__module__")
        own = (module, _read.said(function, "__qualname__"))
        if _read.leads_to(own, function):
            if not kind.teach and not _is_in(module, self.root):
                # Another module's, such as `math.sin`, which is fine as it is.
                return
        elif not _read.leads_to(path, function):
            return self._refuse(path, "looking it up gives another object")
        else:
            if not _read.same(module, path[0]):
                if _read.leads_to((module, path[1]), function):
                    path = (module, path[1])
                elif not kind.movable and _kinds.class_of(path) is not None:
                    # Boost.Python's methods have the class's name for a module: they pickle as attributes of the class.
                    pass
                elif not self._belongs(module, path[0], before):
                    why = "where it isn't" if module in sys.modules else "which isn't imported"
                    return self._refuse(path, f"its __module__ is {show(module)}, {why}")
                elif not self._move(function, kind, path, module):
                    return self._refuse(path, f"its __module__ is {show(module)}, and it can't be set")
            own = (path[0], _read.said(function, "__qualname__"))
            if not _read.leads_to(own, function) or not _read.same(_read.said(function, "__module__"), own[0]):
                own = path
                if kind.teach == () and _read.is_builtin(function):
                    kind.teach = ((type(function), _kinds.reduce_builtin),)
                self._remember(function, kind, path)
        for cls, reducer in kind.teach:
            if not self._teach(cls, reducer):
                return self._refuse(path, f"copyreg has another reducer for '{_read.class_name(cls)}'")
        self.functions.append(".".join(own))

    def _belongs(self, claim: object, full: str, before: object) -> bool:
        """Tells whether what says that it is of a module may be moved to the one where it was found."""
        return (
            type(claim) is not str
            or claim == "builtins"
            or _read.same(claim, before)
            or _is_in(claim, self.root)
            or full.endswith("." + claim)
        )

    def _refuse(self, path: Path, reason: str) -> None:
        self.refused.append(Refusal(".".join(path), reason))

    def _need(self, *keys: Hashable) -> None:
        """Says that this module needs what was changed for another one."""
        for key in keys:
            _held.need(self._undo, self.root, key)

    def _once(self, value: object) -> bool:
        if id(value) in self._seen:
            return False
        self._seen[id(value)] = value
        return True

    def _register(self, full: str, module: object) -> bool:
        """Puts a module into `sys.modules`."""

        def back() -> bool:
            return sys.modules.get(full) is module and sys.modules.pop(full) is module

        with _held.lock:
            if full not in sys.modules:
                _held.change(self._undo, self.root, ("sys.modules", full), Change(full, "sys.modules", None, module), back)
                sys.modules[full] = module  # type: ignore[assignment]
            return sys.modules[full] is module

    def _move(self, function: Any, kind: Kind, path: Path, module: object) -> bool:
        """Sets a function's module."""
        return kind.movable and self._set(_target(function, kind), ".".join(path), "__module__", module, path[0])

    def _set(self, target: Any, where: str, what: str, old: object, new: str) -> bool:
        """Sets a name of a module, a class or a function."""
        key = what, id(target)

        def back() -> bool:
            return _read.same(_read.name(target, what), new) and _read.set_name(target, what, old)

        with _held.lock:
            now = _read.name(target, what)
            if _read.same(now, new):
                # Another thread was faster.
                self._need(key)
                return True
            if now is not old and not _read.same(now, old):
                return False
            _held.change(self._undo, self.root, key, Change(where, what, None if old is MISSING else old, new), back)
            done = _read.set_name(target, what, new)
            if not done:
                _held.drop(self._undo, key)
            return done

    def _remember(self, function: Any, kind: Kind, path: Path) -> None:
        """Keeps where a function was found, for its reducer."""
        entries = [(function, path)]
        if kind.inner is not MISSING:
            entries.append((kind.inner, (path[0], f"{path[1]}.__func__")))
        elif _kinds.reduce_record in [reducer for _, reducer in kind.teach]:
            entries.append((function.__self__, path))
        for value, path in entries:
            self._keep(id(value), path)

    def _keep(self, number: int, path: Path) -> None:
        def back() -> bool:
            return _kinds.paths.get(number) == path and _kinds.paths.pop(number) == path

        with _held.lock:
            if _kinds.paths.get(number) == path:
                self._need(("path", number, path))
            else:
                _held.change(self._undo, self.root, ("path", number, path), None, back)
                _kinds.paths[number] = path

    def _teach(self, cls: type, reducer: Callable[[Any], Any]) -> bool:
        """Sees to it that pickle and copy know a type."""

        def back() -> bool:
            return copyreg.dispatch_table.get(cls) is reducer and copyreg.dispatch_table.pop(cls) is reducer

        with _held.lock:
            before = copyreg.dispatch_table.get(cls)
            if before is reducer:
                self._need(("copyreg", cls))
            elif before is None:
                made = Change(_read.full_name(cls), "copyreg", None, reducer)
                _held.change(self._undo, self.root, ("copyreg", cls), made, back)
                copyreg.dispatch_table[cls] = reducer
            else:
                return False
        if reducer is _kinds.reduce_builtin:
            _dill.teach(self._undo, self.root)
        return True


def _target(function: Any, kind: Kind) -> Any:
    """What a function's `__module__` is set of."""
    return function if kind.inner is MISSING else kind.inner


def _is_in(module: object, root: str) -> bool:
    return type(module) is str and (module == root or module.startswith(root + "."))


def _is_importable(package: object, full: str) -> bool:
    """Tells whether a package has a module of that name which hasn't been imported: it would be hidden by one that is registered."""
    if _read.attribute(package, "__path__") is MISSING:
        return False
    try:
        return find_spec(full) is not None
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return False
