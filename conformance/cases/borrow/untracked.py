def act(p, type):
    obj = p.provider.make_as("untracked", type, p.graffiti(type, 1))
    name, offset, size = p.fields(type)[0]
    with p.refused():
        p.consumer.read(type, obj)
    with p.refused():
        p.consumer.write(type, obj, name, p.graffiti(type, 2)[offset : offset + size])
    with p.refused():
        p.consumer.hold(type, obj)
