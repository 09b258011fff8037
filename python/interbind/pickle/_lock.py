"""A lock that is given back even where the stack ends."""

from threading import RLock

_ONCE = (True,)


class Lock:
    """A lock for `with`, which a thread may take several times.

    From 3.14 on, a call is refused where the machine's stack ends, to the byte. The call that releases a lock may need a few
    bytes more than the one that took it: it is refused then, and every other thread waits for ever. This lock is taken from
    deeper in the stack than it is released.
    """

    __slots__ = ("_acquire", "_release")

    def __init__(self):
        lock = RLock()
        self._acquire, self._release = lock.acquire, lock.release

    def __enter__(self):
        # Two calls in C more than the release.
        any(map(self._acquire, _ONCE))

    def __exit__(self, *_):
        self._release()
