def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    cls = p.provider.bare(type)
    record = p.forge.published(cls, name, p.consumer.descriptor(type))
    honest = p.forge.tools.get(record, 200)
    for at, spoil in ((8, (200).to_bytes(4, "little")), (8, bytes(4)), (8, (209).to_bytes(4, "little")), (8, b"\xff" * 4)):
        p.forge.tools.put(record + at, spoil)
        with p.refused():
            p.consumer.read(type, cls(p.graffiti(type, 1)))
        p.forge.tools.put(record, honest)
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read when it is whole", type)
