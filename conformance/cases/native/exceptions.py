def act(p, type):
    flags = [p.spec["builds"][role].split("+")[1:] for role in ("provider", "consumer")]
    known = KeyError if flags[0] == flags[1] else RuntimeError
    for side, expected in ((p.provider, KeyError), (p.consumer, known)):
        try:
            side.module.fail("thrown")
        except expected as error:
            p.check("thrown" in str(error) or expected is RuntimeError, f"{side.role} raises {expected.__name__}")
        else:
            p.check(False, "it failed")
