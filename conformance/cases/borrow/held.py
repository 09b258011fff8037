def act(p, type):
    for kind in ("frozen", "tracked"):
        obj = p.provider.make_as(kind, type, p.graffiti(type, 1))
        token = p.consumer.hold(type, obj)
        del obj
        p.collect()
        for _ in range(3):
            p.check_equal(p.consumer.read_held(token), p.graffiti(type, 1), "read what is held", type)
        p.consumer.let_go(token)
