import sys


def act(p, type):
    obj = p.provider.make_as("frozen", "kinds", b"")
    count = getattr(sys, "getrefcount", lambda thing: 0)
    for thing in (object(), [1, 2], "text", 1 << 100, obj):
        before = count(thing)
        for method in ("object", "object_owned"):
            for _ in range(20):
                p.check(p.consumer.module.call("kinds", obj, method, thing) is thing, f"{method}: the same object")
        p.check_equal(count(thing), before, "references")
