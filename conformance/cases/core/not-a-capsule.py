KEY = "__interbind_internals_v1__"


def act(p, type):
    tools = p.forge.tools
    core = p.forge.plant(p.forge.core())
    for plant in (
        lambda: tools.set_core_object(5),
        lambda: tools.set_core_object(tools),
        lambda: tools.set_core(core, "another.name"),
        lambda: tools.set_core(core, ""),
        lambda: tools.set_core(core + 1, KEY),
        lambda: tools.set_core(1, KEY),
    ):
        plant()
        with p.refused() as said:
            p.another("consumer")
        p.check(KEY in "".join(said), "the message names the key")
