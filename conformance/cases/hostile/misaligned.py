def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for spoil in ({"data_offset": 1}, {"data_offset": 36}, {"borrow": p.forge.at["borrow_misaligned"], "data_offset": 0}, {"aliasing": 2, "thread": 3, "borrow": p.forge.at["borrow_misaligned"], "data_offset": 0}):
        cls = p.provider.bare(type)
        p.forge.published(cls, name, p.consumer.descriptor(type), **spoil)
        obj = cls(p.graffiti(type, 1))
        with p.refused():
            p.consumer.read(type, obj)
        with p.refused():
            p.consumer.hold(type, obj)
