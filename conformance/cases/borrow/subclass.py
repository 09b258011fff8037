def act(p, type):
    for kind in ("frozen", "tracked"):
        base = p.provider.cls(kind, type)

        class Plain(base):
            pass

        class Slotted(base):
            __slots__ = ("a", "b")

        class Mixin:
            def __eq__(self, other):
                raise RuntimeError("nobody compares")

            __hash__ = None

        class Many(Mixin, Plain, dict if False else object):
            data = None

        for seed, cls in enumerate((base, Plain, Slotted, Many)):
            obj = cls(p.graffiti(type, seed))
            if cls is Slotted:
                obj.a = obj.b = seed
            p.check_equal(p.consumer.read(type, obj), p.graffiti(type, seed), f"read {kind} {cls.__name__}", type)
