def act(p, type):
    obj = p.provider.make("point2d", p.graffiti("point2d", 1))
    for name in ("records", "immortal"):
        p.check_equal(p.consumer.module.live()[name], p.provider.module.live()[name], f"{name} on both sides")
    p.check_equal(p.consumer.read("point2d", obj), p.graffiti("point2d", 1), "read", "point2d")
