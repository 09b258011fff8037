def act(p, type):
    obj = p.provider.make_as("frozen", "kinds", b"")
    for _ in range(3):
        with p.refused() as said:
            p.consumer.call("kinds", obj, "raises")
        p.check("the provider says no" in "".join(said), "the message is the provider's")
