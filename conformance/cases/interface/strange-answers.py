def forged(p, slots):
    """An object of a class whose table has these slots replaced."""
    text = p.consumer.descriptor("kinds")
    where = {name: int(text.split(f" {name}(", 1)[0].rsplit(" ", 1)[-1]) for name in slots}
    table = p.forge.table({where[name]: p.forge.at[slots[name]] for name in slots})
    cls = p.provider.bare("kinds")
    p.forge.published(cls, "org.zoo.Kinds", text, kind=2, vtable=table)
    return cls()


def act(p, type):
    for method, slot, value in (("word64", "bad_status", bytes(8)), ("raises", "strange_fault", b"")):
        obj = forged(p, {method: slot})
        with p.refused():
            p.consumer.call("kinds", obj, method, value)
