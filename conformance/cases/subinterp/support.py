def act(p, type):
    p.load("provider", "shared_only")
    try:
        p.load("provider", "main_only")
    except ImportError as error:
        if "does not support loading in subinterpreters" in str(error):
            p.unsupported("this Python asks also where the GIL is shared")
        raise
