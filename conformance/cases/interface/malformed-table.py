def act(p, type):
    text = p.consumer.descriptor("kinds")
    for table in (0, p.forge.table(size=16), p.forge.table(size=25), p.forge.table(said=1 << 40), p.forge.table(slots=3, said=31)):
        cls = p.provider.bare("kinds")
        p.forge.published(cls, "org.zoo.Kinds", text, kind=2, vtable=table)
        with p.refused():
            p.consumer.call("kinds", cls(), "word8", b"\1")
