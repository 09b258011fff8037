KEY = "__interbind_internals_v1__"


def newer(data):
    return data[:8] + (len(data) + 104).to_bytes(4, "little") + data[12:14] + b"\x07\0" + data[16:] + b"\xaa" * 104


def act(p, type):
    tools, at = p.forge.tools, p.forge.at
    obj = p.provider.make(type, p.graffiti(type, 1))
    core = tools.get(tools.core(), 168)
    registry = p.forge.plant(newer(tools.get(tools.registry(), 136)))
    tools.set_service(registry, 0)
    for data in (newer(core), newer(core[:144] + at["service"].to_bytes(8, "little") + core[152:])):
        tools.set_core(p.forge.plant(data), KEY)
        later = p.another("consumer")
        p.check_equal(later.read(type, obj), p.graffiti(type, 1), "read", type)
