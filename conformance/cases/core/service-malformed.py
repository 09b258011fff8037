KEY = "__interbind_internals_v1__"


def act(p, type):
    forge, tools = p.forge, p.forge.tools
    tools.set_core(forge.plant(forge.core()), KEY)
    some = forge.at["nothing"]
    lacking = [[some] * slot + [0] + [some] * (8 - slot) for slot in range(9)]
    for service in (
        forge.service(size=8),
        forge.service(size=137),
        forge.service(size=0),
        forge.service(),
        forge.service(functions=[some] * 9, destroy=0),
        *(forge.service(functions=functions) for functions in lacking),
    ):
        tools.set_service(forge.plant(service), 0)
        with p.refused():
            p.another("consumer")
