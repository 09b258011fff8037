def act(p, type):
    p.load("provider", "shared_only")
    p.load("provider", "main_only")
