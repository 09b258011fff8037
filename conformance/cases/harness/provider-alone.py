def act(p, type):
    objects = [p.provider.make(type, p.graffiti(type, seed)) for seed in range(4)]
    for seed, obj in enumerate(objects):
        p.check_equal(p.provider.peek(obj), p.graffiti(type, seed), "peek", type)
