def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    cls = p.provider.bare(type)
    record = p.forge.published(cls, name, p.consumer.descriptor(type))
    honest = p.forge.tools.get(record, 200)
    for at, spoil in ((80, bytes(16)), (88, b"\1" * 8)):
        p.forge.tools.put(record + at, spoil)
        with p.refused():
            p.consumer.read(type, cls(p.graffiti(type, 1)))
        p.forge.tools.put(record, honest)
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read when it is whole", type)
