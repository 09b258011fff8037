"""The options of the writer: what a dump was asked for, and which of them go together."""

from ._options import _rule, _rules


class Options:
    """What a dump was asked for. The native half reads it once."""

    __slots__ = (
        "values", "deterministic", "identity", "strip", "rules", "locks", "strict", "main_by_reference", "config", "source",
        "sort_keys", "normalize", "sources",
    )

    def __init__(self, portable=..., deterministic=..., identity=..., positions=..., by_value=..., locks=..., engine=...):
        if engine not in (..., "own"):
            raise ValueError(f"engine={engine!r}: with the writer's options it is 'own'")
        portable = None if portable is ... else portable
        if portable not in (None, True, False, "source"):
            raise ValueError(f"portable={portable!r}: it is True, False or 'source'")
        self.values = portable is not False
        self.source = portable == "source"
        # None: from the first function or class by value on.
        self.deterministic = None if deterministic is ... or deterministic is None else bool(deterministic)
        if identity is ...:
            identity = "content" if self.deterministic else "tracked"
        if identity not in ("tracked", "content", None):
            raise ValueError(f"identity={identity!r}: it is 'tracked', 'content' or None")
        if identity == "tracked" and self.deterministic:
            raise ValueError("identity='tracked' keeps ids from before; with deterministic=True it is 'content' or None")
        self.identity = identity
        positions = "keep" if positions is ... or positions is None else positions
        if positions not in ("keep", "strip"):
            raise ValueError(f"positions={positions!r}: it is 'keep' or 'strip'")
        self.strip = positions == "strip"
        locks = None if locks is ... else locks
        if locks not in (None, "recreate"):
            raise ValueError(f"locks={locks!r}: it is 'recreate' or None")
        self.locks = locks == "recreate"
        self.rules = tuple(map(_rule, _rules(None if by_value is ... else by_value)))
        if not self.values and (self.deterministic or self.rules or self.strip):
            raise ValueError("portable=False writes what Python's pickle writes: it goes with no other option")
        self.strict = self.main_by_reference = self.sort_keys = False
        self.config = self.normalize = None
        #: code → what makes it from source.
        self.sources = {}
