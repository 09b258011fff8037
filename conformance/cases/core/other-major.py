KEY = "__interbind_internals_v1__"


def act(p, type):
    forge = p.forge
    for core in (
        forge.core(major=2),
        forge.core(major=0),
        forge.core(major=65535, extra=bytes(88), size=256),
    ):
        forge.tools.set_core(forge.plant(core), KEY)
        with p.refused() as said:
            p.another("consumer")
        p.check("forger 6.6.6 (forger.so)" in "".join(said), "the message names the core's owner")
