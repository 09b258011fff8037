def act(p, type):
    obj = p.provider.make_as("frozen", type, p.graffiti(type, 1))
    ours, theirs = (dict((n, (o, s)) for n, o, s in p.fields(type, side)) for side in ("provider", "consumer"))
    differing = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    with p.refused() as said:
        p.consumer.read(type, obj)
    lines = "".join(said).split("\n")
    for name in differing:
        p.check(any(f".{name}" in line or f" {name}:" in line for line in lines), f"{name} is listed")
    with p.refused():
        p.consumer.hold(type, obj)
