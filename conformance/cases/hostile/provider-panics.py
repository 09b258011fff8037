def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    cls = p.provider.bare(type)
    p.forge.published(cls, name, p.consumer.descriptor(type), borrow=p.forge.at["borrow_panics"], data_offset=0)
    p.expect_panic()
    for call in (p.consumer.read, p.consumer.hold, p.consumer.read_raw):
        with p.refused():
            call(type, cls(p.graffiti(type, 1)))
