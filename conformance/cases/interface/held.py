def act(p, type):
    token = p.consumer.hold("kinds", p.provider.make_as("frozen", "kinds", b""))
    p.collect()
    if p.spec["mode"] != "exit":
        p.consumer.let_go(token)
