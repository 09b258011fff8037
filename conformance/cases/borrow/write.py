def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    want = bytearray(p.graffiti(type, 1))
    new = p.graffiti(type, 2)
    for name, offset, size in p.fields(type):
        p.consumer.write(type, obj, name, new[offset : offset + size])
        want[offset : offset + size] = new[offset : offset + size]
        p.check_equal(p.provider.peek(obj), bytes(want), f"peek after {name}", type)
    p.check_equal(p.consumer.read(type, obj), new, "read", type)
