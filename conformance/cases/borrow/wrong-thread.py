import threading


def act(p, type):
    obj = p.provider.make_as("unsendable", type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read on its thread", type)

    def work():
        with p.refused():
            p.consumer.read(type, obj)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with p.refused():
        p.consumer.read_detached(type, obj)
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), "read again", type)
