def act(p, type):
    start = p.provider.live()
    name = "org.zoo." + type.replace("-", "_")
    addresses = set()
    for turn in range(30):
        cls = p.provider.fresh("tracked", type)
        p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read", type)
        addresses.add(p.provider.record_of(name, cls))
        p.check_equal(p.provider.live()["records"], start["records"] + 1, "records while it lives")
        del cls
        p.collect()
    p.check_equal(len(addresses), 1, "records used")
    p.check_equal(p.provider.live(), start, "counts at the end")
