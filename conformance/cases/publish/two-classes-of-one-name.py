def act(p, type):
    objects = [p.provider.make_as(kind, type, p.graffiti(type, seed)) for seed, kind in enumerate(("frozen", "tracked"))]
    if p.provider.has("fresh"):
        objects += [p.provider.fresh("frozen", type)(p.graffiti(type, seed)) for seed in (2, 3, 4)]
    for turn in range(3):
        for seed, obj in enumerate(objects):
            p.check_equal(p.consumer.read(type, obj), p.graffiti(type, seed), f"read {turn}", type)
