KEY = "__interbind_internals_v1__"


def act(p, type):
    forge = p.forge
    for core in (
        forge.core(magic=b"ib.type"),
        forge.core(magic=b"ib.core1"),
        bytes(168),
    ):
        forge.tools.set_core(forge.plant(core), KEY)
        with p.refused() as said:
            p.another("consumer")
