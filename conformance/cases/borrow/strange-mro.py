import sys


def act(p, type):
    if sys.implementation.name == "pypy":
        p.unsupported("an mro of one's own")
    real = p.provider.cls("frozen", type)

    class Meta(real.__class__):
        def mro(cls):
            return [cls, real, object]

        def __getattribute__(cls, name):
            raise AttributeError("nothing is looked up on a class")

    Strange = Meta("Strange", (real,), {})
    obj = Strange(p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
