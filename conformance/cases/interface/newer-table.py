def act(p, type):
    text = p.consumer.descriptor("kinds")
    last = int(text.split(" late(", 1)[0].rsplit(" ", 1)[-1])
    newer = text[:-2] + f"; {last + 1} later(u64) -> u64 since 1.2.0 }}"
    honest = p.forge.tools.get(p.forge.table(), 24 + 8 * (last + 1))
    data = bytearray(honest + b"\xaa" * 8)
    data[8:12], data[14:16] = len(data).to_bytes(4, "little"), b"\x03\0"
    data[16:24] = (last + 2).to_bytes(8, "little")
    cls = p.provider.bare("kinds")
    p.forge.published(cls, "org.zoo.Kinds", newer, kind=2, vtable=p.forge.plant(bytes(data)), version=(1, 2, 0))
    p.check_equal(p.consumer.call("kinds", cls(), "word8", b"\7"), b"\7", "an old slot")
