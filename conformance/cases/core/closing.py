KEY = "__interbind_internals_v1__"


def act(p, type):
    forge = p.forge
    for core in (
        forge.core(state=1),
        forge.core(state=7),
    ):
        forge.tools.set_core(forge.plant(core), KEY)
        with p.refused() as said:
            p.another("consumer")
