def forged(p, slots):
    """An object of a class whose table has these slots replaced."""
    text = p.consumer.descriptor("kinds")
    where = {name: int(text.split(f" {name}(", 1)[0].rsplit(" ", 1)[-1]) for name in slots}
    table = p.forge.table({where[name]: p.forge.at[slots[name]] for name in slots})
    cls = p.provider.bare("kinds")
    p.forge.published(cls, "org.zoo.Kinds", text, kind=2, vtable=table)
    return cls()


def act(p, type):
    for method, slot, value in (
        ("boolean", "bad_boolean", b"\1"),
        ("letter", "bad_letter", bytes(4)),
        ("maybe", "bad_presence", b"\0"),
        ("text", "bad_null", b"abc"),
        ("text", "bad_utf8", b"abc"),
        ("floats", "bad_misaligned", bytes(16)),
        ("floats", "bad_length", bytes(16)),
        ("flags", "bad_flags", p.graffiti("flags", 1)),
        ("object", "bad_object", None),
        ("object_owned", "bad_object", None),
    ):
        obj = forged(p, {method: slot})
        with p.refused():
            p.consumer.call("kinds", obj, method, value)
        p.check_equal(p.consumer.call("kinds", obj, "word8", b"\7"), b"\7", "the other slots work")
