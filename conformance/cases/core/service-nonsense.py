KEY = "__interbind_internals_v1__"


def act(p, type):
    tools = p.forge.tools
    tools.set_core(p.forge.plant(p.forge.core()), KEY)
    for address, status in ((0, 0), (0, 2), (0, 99)):
        tools.set_service(address, status)
        with p.refused():
            p.another("consumer")
    # FAILED without an exception: the consumer's own maker had no memory.
    tools.set_service(0, 4)
    try:
        p.another("consumer")
    except MemoryError:
        return
    raise AssertionError("a core without the service was used")
