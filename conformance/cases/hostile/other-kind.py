def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for spoil in ({"kind": 2}, {"kind": 0}, {"kind": 77}):
        cls = p.provider.bare(type)
        p.forge.published(cls, name, p.consumer.descriptor(type), **spoil)
        obj = cls(p.graffiti(type, 1))
        with p.refused():
            p.consumer.read(type, obj)
        with p.refused():
            p.consumer.hold(type, obj)
