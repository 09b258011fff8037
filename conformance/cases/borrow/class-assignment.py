def act(p, type):
    class First(p.provider.cls("tracked", type)):
        pass

    class Second(p.provider.cls("tracked", type)):
        pass

    obj = First(p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read before", type)
    obj.__class__ = Second
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read after", type)
