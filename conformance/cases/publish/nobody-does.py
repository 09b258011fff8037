def act(p, type):
    for thing in (5, object(), p.provider.bare(type)(p.graffiti(type, 1))):
        with p.refused() as said:
            p.consumer.read(type, thing)
        p.check(type.replace("-", "_") in "".join(said), "the message names the type")
