def act(p, type):
    obj = p.provider.make_as("frozen", type, p.graffiti(type, 1))
    name, offset, size = p.fields(type)[0]
    with p.refused():
        p.consumer.write(type, obj, name, p.graffiti(type, 2)[offset : offset + size])
    with p.refused():
        p.consumer.during(type, obj, True, lambda: p.check(False, "the function ran"))
    p.check_equal(p.provider.peek(obj), p.graffiti(type, 1), "unchanged", type)
