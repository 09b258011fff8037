import gc


def act(p, type):
    # PyPy has none: a class of C never dies there.
    fresh, read = p.provider.fresh, p.consumer.module.read
    for turn in range(20):
        whole = p.graffiti(type, turn % 4)
        for kind in ("frozen", "tracked"):
            # A class of its own each time, published and dead a moment later: records are used again.
            if read(type, fresh(kind, type)(whole)) != whole:
                p.check(False, "an object of a class of this turn")
        if turn % 10 == 9:
            gc.collect()
