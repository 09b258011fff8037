def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for spoil in (
        {"version_text": bytes(8) + b"\x09" + bytes(7)},
        {"descriptor": bytes(8) + b"\x09" + bytes(7)},
        {"descriptor": p.forge.text(b"\xff\xfe")},
        {"descriptor": p.forge.text("rubbish")},
        {"descriptor": p.forge.text("data org.zoo.point2d size 16")},
        {"aliasing": 0},
        {"aliasing": 9},
        {"thread": 0},
        {"thread": 4},
        {"borrow": 0, "data_offset": 0},
        {"release": 0, "data_offset": 0},
        {"aliasing": 2},
    ):
        cls = p.provider.bare(type)
        p.forge.published(cls, name, p.consumer.descriptor(type), **spoil)
        obj = cls(p.graffiti(type, 1))
        with p.refused():
            p.consumer.read(type, obj)
        with p.refused():
            p.consumer.hold(type, obj)
