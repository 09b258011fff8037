import weakref


def act(p, type):
    cls = p.provider.fresh("frozen", type)
    callbacks = [ref.__callback__ for ref in weakref.getweakrefs(cls) if ref.__callback__ is not None]
    p.check(callbacks, "the registry watches the type")
    lies = [*weakref.getweakrefs(cls), weakref.ref(cls), cls, None, 5]
    for callback in callbacks:
        for lie in lies:
            callback(lie)
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read after lies", type)
    del cls, lies, lie
    p.collect()
    for callback in callbacks:
        callback(None)
        callback(callback)
    cls = p.provider.fresh("frozen", type)
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 2))), p.graffiti(type, 2), "read the next class", type)
    for callback in callbacks:
        for ref in weakref.getweakrefs(cls):
            callback(ref)
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 3))), p.graffiti(type, 3), "read after more lies", type)
