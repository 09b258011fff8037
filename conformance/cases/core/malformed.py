KEY = "__interbind_internals_v1__"


def act(p, type):
    forge = p.forge
    for core in (
        forge.core(size=160),
        forge.core(size=16),
        forge.core(size=0),
        forge.core(size=169),
        forge.core(size=1 << 20),
        forge.core(platform=bytes(8) + b"\x09" + bytes(7)),
        forge.core(platform="os=linux"),
        forge.core(platform=forge.text(b"\xff\xfe")),
        forge.core(retain=0),
        forge.core(release=0),
        forge.core(service=0),
        forge.core(list_services=0),
    ):
        forge.tools.set_core(forge.plant(core), KEY)
        with p.refused() as said:
            p.another("consumer")
