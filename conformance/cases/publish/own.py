def act(p, type):
    p.provider.make(type, p.graffiti(type, 1))
    obj = p.consumer.own(type, p.graffiti(type, 2))
    p.check_equal(p.provider.peek(obj), p.graffiti(type, 2), "peek", type)
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 2), "read", type)
    kinds = [p.provider.cls(kind, type) for kind in ("frozen", "tracked")]
    p.check(obj.__class__ in kinds, "it is of a class of the provider")
