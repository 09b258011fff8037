def act(p, type):
    for kind in ("frozen", "tracked"):
        cls = p.provider.cls(kind, type)
        obj = cls.__new__(cls)
        for call in (p.consumer.read, p.consumer.read_raw, p.consumer.hold):
            try:
                call(type, obj)
            except TypeError as error:
                p.check("has no" in str(error), str(error))
            else:
                p.check(False, f"{kind}: lent")
        obj.__init__(p.graffiti(type, 1))
        p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), f"read {kind}", type)
