def act(p, type):
    obj = p.provider.make_as("untracked", type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read_raw(type, obj), p.graffiti(type, 1), "copied", type)
    tracked = p.provider.make_as("tracked", type, p.graffiti(type, 2))
    p.check_equal(p.consumer.read_raw(type, tracked), p.graffiti(type, 2), "copied", type)
