import threading

LOCK = threading.Lock()


def act(p, type):
    with LOCK:
        if not p.kept:
            p.keep({})
        if type not in p.kept[0]:
            p.kept[0][type] = p.provider.make(type, p.graffiti(type, 0))
        shared = p.kept[0][type]
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
