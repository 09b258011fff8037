def act(p, type):
    for kind in ("frozen", "tracked"):
        obj = p.provider.make_as(kind, type, p.graffiti(type, 1))
        for turn in range(3):
            p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), f"read {kind} {turn}", type)
            p.check_equal(p.consumer.read_detached(type, p.provider.make_as("frozen", type, p.graffiti(type, 2))),
                          p.graffiti(type, 2), "read detached", type)
        p.check_equal(p.provider.peek(obj), p.graffiti(type, 1), "unchanged", type)
