KEY = "__interbind_internals_v1__"


def act(p, type):
    forge = p.forge
    for core in (
        forge.core(platform=forge.at["platform"].replace("c=sysv", "c=mingw")),
        forge.core(platform=forge.at["platform"].replace("c=sysv", "c=msvc")),
    ):
        forge.tools.set_core(forge.plant(core), KEY)
        with p.refused() as said:
            p.another("consumer")
        p.check("forger" in "".join(said), "the message names the core's owner")
