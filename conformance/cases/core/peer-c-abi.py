def act(p, type):
    with p.refused() as said:
        p.another("consumer", {"c": "msvc"})
    p.check("msvc" in "".join(said), "the message names both values")
