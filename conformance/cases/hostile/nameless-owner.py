def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for owner in (p.forge.plant(bytes(112)), p.forge.owner(name=b"\xff\xfe"), p.forge.owner(file=""), 0):
        cls = p.provider.bare(type)
        record = p.forge.published(cls, name, p.consumer.descriptor(type), version=(3, 0, 0), owner=owner or None)
        if not owner:
            p.forge.tools.put(record + 160, bytes(8))
        with p.refused():
            p.consumer.read(type, cls(p.graffiti(type, 1)))
