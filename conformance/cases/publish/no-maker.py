def act(p, type):
    p.provider.cls("frozen", type)
    with p.refused():
        p.consumer.own(type, p.graffiti(type, 1))
