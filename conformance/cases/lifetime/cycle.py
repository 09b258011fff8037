import sys


def act(p, type):
    if sys.implementation.name == "pypy":
        p.unsupported("cycles through objects of C")

    class Node(p.provider.cls("tracked", type)):
        pass

    for _ in range(20):
        node = Node(p.graffiti(type, 1))
        node.keeper = p.consumer.Keeper(node)
        del node
    p.collect()
    p.check_equal(p.consumer.live()["keepers"], 0, "keepers")
    p.check_equal(p.provider.live()["objects"], 0, "objects")
