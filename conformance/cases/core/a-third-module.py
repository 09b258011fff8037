def act(p, type):
    before = p.provider.core()
    obj = p.provider.make("point2d", p.graffiti("point2d", 1))
    third = p.another("consumer")
    p.check_equal(third.read("point2d", obj), p.graffiti("point2d", 1), "read", "point2d")
    p.check_equal(p.provider.core(), before, "the core's address")
