def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    before = p.provider.live()
    if p.provider.has("publish_again"):
        p.provider.publish_again()
    else:
        p.provider.publish_object("tracked", type, p.provider.cls("tracked", type))
    p.check_equal(p.provider.live(), before, "counts after the second time")
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read", type)
