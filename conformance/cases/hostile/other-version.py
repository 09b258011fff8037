def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for spoil in ({"version": (2, 0, 0)}, {"version": (1, 1, 9)}, {"version": (0, 0, 0)}, {"version": (9, 0, 0), "descriptor": p.forge.text("rubbish")}):
        cls = p.provider.bare(type)
        p.forge.published(cls, name, p.consumer.descriptor(type), **spoil)
        obj = cls(p.graffiti(type, 1))
        with p.refused():
            p.consumer.read(type, obj)
        with p.refused():
            p.consumer.hold(type, obj)
