def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
