def act(p, type):
    seven = (7).to_bytes(8, "little")
    own = p.provider.make_as("frozen", "kinds", b"")
    p.check_equal(p.consumer.call("kinds", own, "late", seven), (9).to_bytes(8, "little"), "the provider's body")
    text = p.consumer.descriptor("kinds")
    last = int(text.split(" late(", 1)[0].rsplit(" ", 1)[-1])
    short = text[: text.index(f"; {last} late(")] + " }"
    for table, descriptor in ((p.forge.table(slots=last), short), (p.forge.table({last: 0}), text)):
        cls = p.provider.bare("kinds")
        p.forge.published(cls, "org.zoo.Kinds", descriptor, kind=2, vtable=table, version=(1, 0, 0))
        p.check_equal(p.consumer.call("kinds", cls(), "late", seven), (8).to_bytes(8, "little"), "the default body")
