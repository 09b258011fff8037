def act(p, type):
    obj = p.provider.make_as("frozen", "kinds", b"")
    p.expect_panic()
    with p.refused() as said:
        p.consumer.call("kinds", obj, "panics")
    p.check("the provider's own panic" in "".join(said), "the message is the panic's")
