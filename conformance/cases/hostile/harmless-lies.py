def act(p, type):
    name = "org.zoo." + type.replace("-", "_")
    for spoil in (
        {"serial": b"\xaa" * 16},
        {"py_type": 8, "core": 8},
        {"reserved": (1 << 64) - 1, "base_size": 7},
        {"owner": p.forge.plant(bytes(112))},
        {"owner": p.forge.owner(name=b"\xff")},
        {"flags": 0xFFFFFFFF},
        {"version_text": p.forge.text("none of your business")},
        {"header": b"ib.type\0" + (336).to_bytes(4, "little") + b"\1\0\7\0", "tail": b"\xaa" * 112},
    ):
        cls = p.provider.bare(type)
        p.forge.published(cls, name, p.consumer.descriptor(type), **spoil)
        p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read", type)
