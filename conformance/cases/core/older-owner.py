KEY = "__interbind_internals_v1__"


def act(p, type):
    tools = p.forge.tools
    obj = p.provider.make(type, p.graffiti(type, 1))
    core = tools.get(tools.core(), 168)
    tools.set_core(p.forge.plant(core[:116] + b"\xaa" * 12 + core[128:]), KEY)
    later = p.another("consumer")
    p.check_equal(later.read(type, obj), p.graffiti(type, 1), "read", type)
