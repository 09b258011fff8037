def act(p, type):
    text = p.consumer.descriptor("kinds")
    for changes in (
        [("int8(i8) -> i8", "int8(i16) -> i8")],
        [("int8(i8) -> i8", "int8(i8) -> i16"), ("text(str) -> string", "text(string) -> string")],
        [("word8(u8)", "octet(u8)")],
        [("checked(u64) -> u64 fails", "checked(u64) -> u64")],
        [("thread any", "thread owner")],
    ):
        descriptor = text
        for before, after in changes:
            p.check(before in descriptor, f"{before} is in the descriptor")
            descriptor = descriptor.replace(before, after)
        cls = p.provider.bare("kinds")
        p.forge.published(cls, "org.zoo.Kinds", descriptor, kind=2, vtable=p.forge.table())
        with p.refused() as said:
            p.consumer.call("kinds", cls(), "word8", b"\1")
        for before, _ in changes:
            name = before.split("(")[0]
            p.check(name.split(" ")[0] in "".join(said).split("\n  provider:")[0], f"{name} is listed")
