"""A call that is written into a stream in place of an object: where it is loaded, the call's result stands there."""


class Call:
    """`function(*arguments)`, made where the stream is loaded."""

    __slots__ = ("function", "arguments")

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __call__(self, *_):
        # The pickler wants something callable where a call gives the function to be called.
        raise TypeError("a call is for streams")

    def __reduce__(self):
        return self.function, self.arguments
