def act(p, type):
    real = p.provider.cls("frozen", type)
    p.consumer.read(type, real(p.graffiti(type, 1)))

    class Meta(__import__("builtins").type):
        def __instancecheck__(cls, instance):
            return True

        def __subclasscheck__(cls, subclass):
            return True

        def __getattribute__(cls, name):
            return getattr(real, name) if name != "mro" else super().__getattribute__(name)

    class Impostor(metaclass=Meta):
        def __init__(self, data=b""):
            pass

        @property
        def __class__(self):
            return real

    Copied = __import__("builtins").type(real.__name__, (), {k: v for k, v in vars(real).items() if k not in ("__dict__", "__weakref__", "__new__", "data")})
    Copied.__module__, Copied.__qualname__ = real.__module__, real.__qualname__
    for evil in (Impostor(), Impostor, Copied.__class__, object.__new__(Copied), real, Meta):
        with p.refused():
            p.consumer.read(type, evil)
