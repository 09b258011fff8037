def act(p, type):
    named = p.provider.Crate("a crate", 2.5, 3)
    p.check_equal(p.consumer.parts(named), 3, "parts")
    p.consumer.rename(named, "another name, too long for a string without memory of its own")
    p.check_equal(named.name, "another name, too long for a string without memory of its own", "name")

    class Sub(p.provider.module.Crate):
        pass

    p.check_equal(p.consumer.parts(Sub("sub", 1.0, 7)), 7, "parts of a Python subclass's object")
