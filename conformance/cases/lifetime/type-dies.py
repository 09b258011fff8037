def act(p, type):
    dead = set()
    for turn in range(60):
        cls = p.provider.fresh("frozen", type)
        for _ in range(2):
            p.check_equal(p.consumer.module.read(type, cls(p.graffiti(type, turn % 9))), p.graffiti(type, turn % 9), "read", type)
        dead.add(id(cls))
        del cls
        p.collect() if turn % 10 == 0 else None
    p.collect()
    p.provider.cls("tracked", type)
    kept = [p.provider.bare(type) for _ in range(40)]
    back = [cls for cls in kept if id(cls) in dead] or kept[:1]
    for cls in back:
        with p.refused():
            p.consumer.read(type, cls(p.graffiti(type, 1)))
