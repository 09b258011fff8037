PROVIDER = ["identity", "live", "make", "peek", "drop_all"]
CONSUMER = ["identity", "live", "read"]


def act(p, type):
    for side, names in ((p.provider, PROVIDER), (p.consumer, CONSUMER)):
        for name in names:
            p.check(side.has(name), f"{side.role} has {name}()")
        who = side.identity()
        p.check_equal(who.get("role"), side.role, "identity()['role']")
        p.check_equal(who.get("build"), p.spec["builds"][side.role], "identity()['build']")
        counts = side.module.live()
        p.check(all(isinstance(value, int) for value in counts.values()), f"{side.role}.live() counts")
