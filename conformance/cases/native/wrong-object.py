def act(p, type):
    crate = p.provider.Crate("a crate", 2.5, 3)
    for other in (p.provider.Shelf(), object(), 3):
        with p.refused():
            p.consumer.parts(other)
    p.check_equal(crate.parts, 3, "unharmed")
