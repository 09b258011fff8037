def act(p, type):
    crate = p.provider.Crate("a crate", 2.5, 3)
    for obj in (crate, p.provider.owned_crate("a crate"), p.provider.shared_crate("a crate")):
        p.check_equal(p.consumer.name(obj), "a crate", "the first base")
        p.check_equal(p.consumer.kilos(obj), obj.kilos, "the second base")
    Crate = p.provider.module.Crate
    p.check_equal([base.__name__ for base in Crate.__bases__], ["Named", "Weighed"], "the class's bases")
    p.check(p.consumer.base(crate) is crate, "a pointer to a base finds the object")
