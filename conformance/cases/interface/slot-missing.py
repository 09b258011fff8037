def act(p, type):
    text = p.consumer.descriptor("kinds")
    slot = {name: int(text.split(f" {name}(", 1)[0].rsplit(" ", 1)[-1]) for name in ("panics", "text", "unit", "late")}
    short = text[: text.index(f"; {slot['panics']} panics(")] + " }"
    for table, descriptor in (
        (p.forge.table(slots=slot["panics"]), short),
        (p.forge.table(slots=slot["panics"]), text),
        (p.forge.table({slot["text"]: 0}), text),
        (p.forge.table({slot["unit"]: 0, slot["late"]: 0}), text),
        (p.forge.table(slots=0), text),
    ):
        cls = p.provider.bare("kinds")
        p.forge.published(cls, "org.zoo.Kinds", descriptor, kind=2, vtable=table)
        with p.refused() as said:
            p.consumer.call("kinds", cls(), "word8", b"\1")
        p.check("no such slot" in "".join(said) or "slots" in "".join(said), "the message says what is missing")
