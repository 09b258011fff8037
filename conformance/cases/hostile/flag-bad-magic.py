def act(p, type):
    for kind in ("tracked", "frozen"):
        obj = p.provider.make_as(kind, type, p.graffiti(type, 1))
        p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
        p.check_equal(p.provider.peek(obj), p.graffiti(type, 1), "unchanged", type)
