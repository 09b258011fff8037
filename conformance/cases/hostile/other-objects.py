import types
import weakref


class Claims:
    __module__, __qualname__, _data = "zoo", "Raw", 1

    def __getattr__(self, name):
        raise RuntimeError("nothing is looked up on an object")


def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    cls = obj.__class__
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
    things = [None, 0, 1 << 70, 1.5, "text", b"bytes", (), [], {}, int, object, cls, cls.__class__, Claims(), Claims]
    things += [p.provider.module, act, types.SimpleNamespace(data=obj), lambda: obj, object(), NotImplemented, ...]
    things += [p.provider.make("flags", p.graffiti("flags", 1))] if type != "flags" else []
    if p.provider.has("publish_again"):
        things.append(weakref.proxy(obj))
    for thing in things:
        for call in (p.consumer.read, p.consumer.hold, p.consumer.read_raw):
            with p.refused():
                call(type, thing)
