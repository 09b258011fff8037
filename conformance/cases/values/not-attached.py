def act(p, type):
    obj = p.provider.make_as("frozen", "kinds", b"")
    for method in ("object", "object_owned"):
        with p.refused():
            p.consumer.call_detached(obj, method, b"")
