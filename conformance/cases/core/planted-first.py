KEY = "__interbind_internals_v1__"


def midway(p):
    p.forge.tools.set_core(p.forge.plant(p.forge.core(magic=b"ib.type")), KEY)


def act(p, type):
    p.check(False, "the consumer is imported")
