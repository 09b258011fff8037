def act(p, type):
    for name in ("shared_only", "main_only"):
        try:
            p.load("provider", name)
        except ImportError as error:
            p.check("does not support loading in subinterpreters" in str(error), str(error))
        else:
            p.check(False, f"{name} was imported")
