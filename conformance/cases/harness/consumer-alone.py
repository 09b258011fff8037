def act(p, type):
    obj = p.consumer.own(type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
    if p.consumer.has("write"):
        want = p.graffiti(type, 2)
        for name, offset, size in p.fields(type):
            p.consumer.write(type, obj, name, want[offset : offset + size])
        p.check_equal(p.consumer.read(type, obj), want, "read after write", type)
