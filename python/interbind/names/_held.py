"""Changes that are made once and that several mended modules may need: each is undone with the last of them.

What is changed stands under a key, with the modules that need it and what takes it back. One change is made at a time: what
stands there is compared and set in one step, under the lock. No code of others runs under it, but for what ends with a
name that is replaced. A process that is forked meanwhile waits, so that the child finds the lock free.
"""

from __future__ import annotations

import os
import threading
from typing import Callable, Hashable, Optional

from ._report import Change, Undo

lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


class _Held:
    """One change that was made."""

    __slots__ = ("roots", "change", "back")

    def __init__(self, root: str, change: Optional[Change], back: Callable[[], bool]) -> None:
        #: The mended modules that need it.
        self.roots = {root}
        self.change, self.back = change, back


_held: dict[Hashable, _Held] = {}


def change(undo: Undo, root: str, key: Hashable, made: Optional[Change], back: Callable[[], bool]) -> None:
    """Notes a change that is about to be made for a module, under the lock; `made` is None for one that only `mend` itself sees.

    `back` takes it back if it finds it, and tells whether it did.
    """
    held = _held[key] = _Held(root, made, back)
    undo.add(made, lambda: _leave(key, held, root))


def need(undo: Undo, root: str, key: Hashable) -> None:
    """Says that a module needs a change, if that was made: for it, or for another one."""
    with lock:
        held = _held.get(key)
        if held is not None and root not in held.roots:
            held.roots.add(root)
            undo.add(None, lambda: _leave(key, held, root))


def drop(undo: Undo, key: Hashable) -> None:
    """Forgets the last change that was noted, which wasn't made."""
    undo.drop()
    del _held[key]


def _leave(key: Hashable, held: _Held, root: str) -> Optional[Change]:
    """Takes a change back when nobody else needs it: then it is the answer. One that was made anew is another one."""
    with lock:
        held.roots.discard(root)
        if held.roots or _held.get(key) is not held:
            return None
        del _held[key]
        return held.change if held.back() else None
