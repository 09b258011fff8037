import pickle


def act(p, type):
    # Both have a function of this name: the other build, under the name that the stream has.
    stream = pickle.dumps(p.provider.module.live, 0)
    names = [side.module.__name__.encode() for side in (p.provider, p.consumer)]
    p.check_equal(stream.count(names[0]), 1, "the module's name")
    p.check(pickle.loads(stream.replace(*names)) is p.consumer.module.live, "the consumer's own")
