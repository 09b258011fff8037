import ctypes

OFFSET_OF_BORROW, OFFSET_OF_RELEASE = 112, 120
SHARED, EXCLUSIVE = 1, 2


def act(p, type):
    name = "org.zoo." + type
    for kind, slug in ("frozen", "frozen"), ("untracked", "untracked"):
        cls = p.provider.fresh(kind, type)
        thing = cls(p.graffiti(type, 1))
        record = p.provider.record_of(name, cls)
        functions = [int.from_bytes(p.forge.tools.get(record + at, 8), "little") for at in (OFFSET_OF_BORROW, OFFSET_OF_RELEASE)]
        borrow = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.py_object, ctypes.c_uint32)(functions[0])
        release = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p, ctypes.c_uint32)(functions[1])
        data = borrow(record, thing, SHARED)
        p.check_equal(bool(data), True, "a shared borrow")
        release(record, thing, data, SHARED)
        for stranger, mode, said in (thing, EXCLUSIVE, slug), (3, SHARED, "wrong-object"), (cls, SHARED, "wrong-object"):
            try:
                borrow(record, stranger, mode)
            except TypeError as error:
                p.check_equal(f"({said})" in str(error).splitlines()[0], True, "the reason of " + str(error))
            else:
                raise AssertionError(f"{kind}: {stranger!r} was lent")
    point = p.provider.make(type, p.graffiti(type, 2))
    p.check_equal(p.consumer.read(type, point), p.graffiti(type, 2), "read", type)
