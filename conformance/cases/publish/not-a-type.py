def act(p, type):
    for thing in (5, None, "Point", p.provider.module, object()):
        for kind in ("frozen", "tracked"):
            with p.refused():
                p.provider.publish_object(kind, "point2d", thing)
