def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    seen = []
    inner = lambda: seen.append(p.consumer.read(type, obj))
    p.provider.during(obj, False, lambda: p.consumer.during(type, obj, False, inner))
    p.consumer.during(type, obj, False, lambda: p.provider.during(obj, False, inner))
    p.check_equal(seen, [p.graffiti(type, 1)] * 2, "read inside")
    name, offset, size = p.fields(type)[0]
    p.consumer.write(type, obj, name, p.graffiti(type, 2)[offset : offset + size])
