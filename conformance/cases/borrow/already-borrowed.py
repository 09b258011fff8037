def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    name, offset, size = p.fields(type)[0]

    def write():
        with p.refused():
            p.consumer.write(type, obj, name, p.graffiti(type, 2)[offset : offset + size])

    def read():
        with p.refused():
            p.consumer.read(type, obj)

    p.provider.during(obj, True, read)
    p.provider.during(obj, True, write)
    p.provider.during(obj, False, write)
    p.consumer.during(type, obj, True, read)
    p.consumer.during(type, obj, True, write)
    p.consumer.during(type, obj, False, write)
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read afterwards", type)
