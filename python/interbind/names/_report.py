"""What `mend` answers: what it changed, which functions pickle by name, and which don't and why. As data."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from ._read import MISSING, class_name


class Change(NamedTuple):
    """One thing that `mend` changed.

    `where` is a dotted path; `what` is the attribute that was set, `sys.modules` for a module that was registered,
    `copyreg` for a type that pickle and copy were taught, and `dill` for one that dill was.
    """

    where: str
    what: str
    before: object
    after: object

    def __repr__(self) -> str:
        if self.what in ("sys.modules", "copyreg", "dill"):
            return f"{self.what}: {self.where}"
        return f"{self.where}.{self.what}: {show(self.before)} is now {show(self.after)}"


def show(name: object) -> str:
    """A name for people, whatever stands in its place: nothing of it is called."""
    if type(name) is str:
        return repr(name if len(name) <= 100 else name[:100] + "…")
    return "missing" if name is MISSING else "None" if name is None else f"of type '{class_name(type(name))}'"


class Refusal(NamedTuple):
    """What `mend` can't give a name, and why."""

    where: str
    reason: str

    def __repr__(self) -> str:
        return f"{self.where}: {self.reason}"


class Mended:
    """What one call of `mend` did; `restore` undoes it.

    `changes` is empty when the module was mended before, and lacks what was changed for another module before. `functions` are the full names of all functions and methods that
    `mend` knows how to name and that pickle by name now, those that did before among them.
    """

    __slots__ = ("module", "changes", "functions", "refused", "_undo")

    module: str
    changes: tuple[Change, ...]
    functions: tuple[str, ...]
    refused: tuple[Refusal, ...]

    def __init__(self, module: str, undo: "Undo") -> None:
        self.module, self._undo = module, undo
        self.changes = ()
        self.functions = ()
        self.refused = ()

    def restore(self) -> tuple[Change, ...]:
        """Undo the changes, the last one first, and return those that were undone.

        What somebody else has changed meanwhile stays as it is, and what another mended module needs stays until that is
        restored. The second time there is nothing to undo.
        """
        return self._undo.run()

    def is_undone(self) -> bool:
        """Tells whether there is nothing left to undo."""
        return not self._undo

    def __repr__(self) -> str:
        lines = [f"mended {self.module}: {_count(len(self.functions), 'function')} by name"]
        lines += _some("changed", self.changes)
        lines += _some("refused", self.refused)
        return "<" + "\n  ".join(lines) + ">"


#: How many lines of a kind a repr has.
_SHOWN = 10


def _count(number: int, what: str) -> str:
    return f"{number} {what} pickles" if number == 1 else f"{number} {what}s pickle"


def _some(word: str, entries: tuple[object, ...]) -> list[str]:
    lines = [f"{word} {entry!r}" for entry in entries[:_SHOWN]]
    if len(entries) > _SHOWN:
        lines.append(f"{word} {len(entries) - _SHOWN} more")
    return lines


class Undo:
    """What one call did, in its order, each with what takes it back."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[tuple[Optional[Change], Callable[[], Optional[Change]]]] = []

    def add(self, change: Optional[Change], back: Callable[[], Optional[Change]]) -> None:
        """Keep a change that is about to be made, or the need of one that was made before.

        `back` takes it back, and answers what was undone.
        """
        self._steps.append((change, back))

    def drop(self) -> None:
        """Forget the last one, which wasn't made."""
        self._steps.pop()

    def __bool__(self) -> bool:
        return bool(self._steps)

    def changes(self) -> tuple[Change, ...]:
        """The changes that haven't been undone."""
        return tuple([change for change, _ in self._steps if change is not None])

    def run(self) -> tuple[Change, ...]:
        """Undo them all; those that could be."""
        undone: list[Change] = []
        while True:
            try:
                # One step at a time: two threads may restore at once.
                _, back = self._steps.pop()
            except IndexError:
                return tuple(undone)
            change = back()
            if change is not None:
                undone.append(change)
