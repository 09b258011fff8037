import struct


def act(p, type):
    cls = p.provider.bare(type)
    good = p.forge.record("org.zoo.point2d", p.consumer.descriptor(type))
    for at, spoil in ((0, b"ib.core\0"), (8, struct.pack("=I", 200)), (12, b"\x02\0"), (16, bytes(8) + b"\x09" + bytes(7)), (160, bytes(8))):
        _, status = p.forge.publish(good[:at] + spoil + good[at + len(spoil) :], cls)
        p.check_equal(status, 2, f"spoiled at {at}")
    for state in (0, 2, 3, 7):
        _, status = p.forge.publish(good[:200] + struct.pack("=I", state) + good[204:], cls)
        p.check_equal(status, 6, f"state {state}: it isn't claimed")
    for thing in (5, cls(p.graffiti(type, 1))):
        _, status = p.forge.publish(good, thing)
        p.check_equal(status, 2, "no class")
    p.forge.published(cls, "org.zoo.point2d", p.consumer.descriptor(type))
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read", type)
