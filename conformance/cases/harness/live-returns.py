def act(p, type):
    # A provider may make its class with the first object.
    p.provider.make(type, p.graffiti(type, 0))
    p.collect()
    start = p.provider.live()
    objects = [p.provider.make(type, p.graffiti(type, seed)) for seed in range(50)]
    p.check(p.provider.live() != start, "live() counts objects")
    del objects
    p.collect()
    p.check_equal(p.provider.live(), start, "live() after the objects are gone")
