def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    cls = p.provider.bare(type)
    raising = p.forge.at["borrow_raises"]
    p.forge.published(cls, name, p.consumer.descriptor(type), borrow=raising, wrap=p.forge.at["wrap_raises"], data_offset=0)
    obj = cls(p.graffiti(type, 1))
    for call in (
        lambda: p.consumer.read(type, obj),
        lambda: p.consumer.hold(type, obj),
        lambda: p.consumer.read_raw(type, obj),
        lambda: p.consumer.read_detached(type, obj),
        lambda: p.consumer.own(type, p.graffiti(type, 1)),
    ):
        try:
            call()
        except LookupError as error:
            p.check_equal(str(error), "the provider's own trouble", "what it says")
        else:
            p.check(False, "it raises")
