# What scripts of the tests may use that work in several interpreters; `src/interpreters.rs` puts it in front of them.
import contextlib, os, time
try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        skip('there are no second interpreters')
NEW = hasattr(interpreters, 'exec')
class Interpreter:
    def __init__(self, own_gil):
        self.id = interpreters.create('isolated' if own_gil else 'legacy') if NEW else interpreters.create(isolated=own_gil)
        self.ended = False
    def run(self, code):
        failure = interpreters.exec(self.id, code) if NEW else interpreters.run_string(self.id, code)
        assert failure is None, failure
    def answer(self, code):
        '''Runs code that leaves a text in `said`; what it raised comes as the error's name, a bar and its message.'''
        reader, writer = os.pipe()
        body = code.replace('\n', '\n    ')
        self.run(f'''
import os
said = ''
try:
    {body}
except BaseException as error:
    said = type(error).__name__ + '|' + str(error)
os.write({writer}, str(said).encode())
''')
        os.close(writer)
        with os.fdopen(reader, 'rb') as answer:
            return answer.read().decode()
    def end(self):
        if self.ended:
            return
        self.ended = True
        # A thread that has just left it may still be on its way out.
        for _ in range(100):
            try:
                return interpreters.destroy(self.id)
            except Exception as error:
                if 'running' not in str(error):
                    raise
                time.sleep(0.01)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.end()
KINDS = [False] + [True] * (sys.version_info >= (3, 12))
USE = '''
import rawframe, rawstats, keeper
class Named(rawframe.Point):
    pass
assert rawstats.norm(rawframe.Point(3, 4)) == rawstats.norm(Named(3, 4)) == 5.0
assert type(keeper.make()) is rawframe.Point and type(rawframe.origin()) is rawframe.Point
assert rawframe.records() == 1
'''
