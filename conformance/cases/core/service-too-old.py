KEY = "__interbind_internals_v1__"


def act(p, type):
    tools = p.forge.tools
    tools.set_core(p.forge.plant(p.forge.core()), KEY)
    for service in (p.forge.service(size=128), p.forge.service(size=56)):
        tools.set_service(p.forge.plant(service), 0)
        with p.refused():
            p.another("consumer")
