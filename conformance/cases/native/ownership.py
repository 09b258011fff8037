def act(p, type):
    owned = p.provider.owned_crate("given away")
    p.check_equal(p.consumer.name(owned), "given away", "before")
    p.check_equal(p.provider.swallow(owned), "given away", "swallowed")
    for use in (lambda: owned.parts, lambda: p.consumer.module.name(owned), lambda: p.provider.module.swallow(owned)):
        try:
            use()
        except TypeError:
            continue
        p.check(False, "an empty object is refused")
    shelf = p.provider.Shelf()
    shelf.put(owned := p.provider.owned_crate("in a cycle"))
    p.keep(shelf)
