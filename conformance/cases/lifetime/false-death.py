ANCHOR = "__interbind_v1__"


def act(p, type):
    start = p.provider.live()["records"]
    cls = p.provider.fresh("frozen", type)
    anchor = vars(cls)[ANCHOR]
    for call in (anchor, anchor.__class__, lambda: cls.__class__(ANCHOR, (anchor.__class__,), {})):
        try:
            call()
        except TypeError:
            pass
    p.collect()
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read after calls", type)
    delattr(cls, ANCHOR)
    p.collect()
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 2))), p.graffiti(type, 2), "read while Python keeps the anchor", type)
    del anchor
    p.collect()
    p.check_equal(p.provider.live()["records"], start, "records when the anchor is gone and the class lives")
    other = p.provider.fresh("frozen", type)
    setattr(cls, ANCHOR, vars(other)[ANCHOR])
    p.check_equal(p.consumer.read(type, other(p.graffiti(type, 3))), p.graffiti(type, 3), "read when another class has it too", type)
    setattr(other, ANCHOR, None)
    p.check_equal(p.consumer.read(type, other(p.graffiti(type, 4))), p.graffiti(type, 4), "read when only another class has it", type)
    del cls
    p.collect()
    p.check_equal(p.provider.live()["records"], start, "records when the class that had the anchor is gone")
    del other
    p.collect()
    p.check_equal(p.provider.live()["records"], start, "records at the end")
