def act(p, type):
    for kind in ("frozen", "tracked"):
        obj = p.provider.make_as(kind, type, p.graffiti(type, 1))
        p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
        p.keep(obj, p.consumer.hold(type, obj))
