import struct


def act(p, type):
    cls = p.provider.bare(type)
    good = p.forge.record(cls, "org.zoo.point2d", p.consumer.descriptor(type))
    for at, spoil in ((0, b"ib.core\0"), (8, struct.pack("=I", 200)), (12, b"\x02\0"), (96, bytes(8)), (192, bytes(8))):
        _, status = p.forge.publish(good[:at] + spoil + good[at + len(spoil) :])
        p.check(status != 0, f"spoiled at {at}: refused")
    p.forge.published(cls, "org.zoo.point2d", p.consumer.descriptor(type))
    p.check_equal(p.consumer.read(type, cls(p.graffiti(type, 1))), p.graffiti(type, 1), "read", type)
