def act(p, type):
    for at, spoil in ((0, b"\2"), (1, b"\3"), (4, (0xD800).to_bytes(4, "little")), (4, (0x110000).to_bytes(4, "little"))):
        obj = p.provider.make_as("untracked", type, p.graffiti(type, 1))
        p.provider.put(p.provider.address(obj) + p.forge.at["offset"] + at, spoil)
        with p.refused():
            p.consumer.read_raw(type, obj)
