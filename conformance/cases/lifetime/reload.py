def act(p, type):
    for kind in ("frozen", "tracked"):
        obj = p.provider.make_as(kind, type, p.graffiti(type, 1))
        p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), f"read {kind}", type)
        token = p.consumer.hold(type, obj)
        p.check_equal(p.consumer.read_held(token), p.graffiti(type, 1), f"held {kind}", type)
        p.consumer.let_go(token)
