import sys


def act(p, type):
    modules = dict(sys.modules)
    make = p.provider.fresh if p.provider.has("fresh") else p.provider.cls
    for kind in ("frozen", "tracked"):
        cls = make(kind, type)
        box = [cls(p.graffiti(type, 1)), cls]
        del cls

        def forget():
            box.clear()
            for part in (p.spec["provider"], p.spec["consumer"]):
                sys.modules.pop(part["module"], None)
            p.collect()

        p.check_equal(p.consumer.during(type, box[0], False, forget), p.graffiti(type, 1), "read at the end", type)
        sys.modules.update(modules)
