import threading

LOCK, SHARED = threading.Lock(), {}


def act(p, type):
    with LOCK:
        if type not in SHARED:
            SHARED[type] = p.provider.make(type, p.graffiti(type, 0))
            p.keep(SHARED[type])
    shared = SHARED[type]
    whole = [p.graffiti(type, seed) for seed in range(4)]
    name, offset, size = p.fields(type)[0]
    mine = p.provider.make_as("frozen", type, whole[1])
    for turn in range(400):
        if p.consumer.module.read(type, mine) != whole[1]:
            p.check(False, "a frozen object of this thread")
        try:
            p.consumer.module.write(type, shared, name, whole[turn % 4][offset : offset + size])
            p.consumer.module.read(type, shared)
        except Exception as error:
            if getattr(error, "interbind_reason", None) != "already-borrowed":
                raise
    with LOCK:
        SHARED.pop(type, None)
    p.check(p.provider.peek(shared)[offset : offset + size] in [w[offset : offset + size] for w in whole], "a whole value")
