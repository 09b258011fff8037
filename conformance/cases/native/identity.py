def act(p, type):
    crate = p.provider.Crate("a crate", 2.5, 3)
    p.check(p.consumer.itself(crate) is crate, "the consumer returns what it got")
    if p.spec["mode"] == "main":
        # A dead object isn't found: a new one takes its place.
        first = p.provider.the_crate()
        p.check(p.provider.the_crate() is first and p.consumer.itself(first) is first, "the provider's own, again")
        first = None
        p.check_equal(p.provider.the_crate().parts, 4, "and a new one")
    shelf = p.provider.Shelf()
    shelf.put(crate)
    crate = None
    p.collect()
    p.check_equal(p.consumer.parts(shelf.take()), 3, "kept alive by the shelf")
