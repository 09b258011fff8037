# Interpreters beside the main one, for scripts of the tests; `Interpreter.made` is false where there are none of that kind.
import atexit
import os
import sys


class Interpreter:
    def __init__(self, own_gil):
        self.id = None
        try:
            import _interpreters as interpreters
            self.id = interpreters.create("isolated" if own_gil else "legacy")
        except ImportError:
            try:
                import _xxsubinterpreters as interpreters
            except ImportError:
                return
            if own_gil and sys.version_info < (3, 12):
                return
            self.id = interpreters.create(isolated=own_gil)
        self.interpreters = interpreters
        # Newer Pythons complain of what is left at the end.
        atexit.register(self.end)

    @property
    def made(self):
        return self.id is not None

    def run(self, code):
        """Runs code; returns the text in its `said`, or the name of what it raised, a bar, and the message."""
        reader, writer = os.pipe()
        body = "\n".join("    " + line for line in code.split("\n"))
        self.interpreters.run_string(self.id, f"""
import os
said = ""
try:
{body}
except BaseException as error:
    said = type(error).__name__ + "|" + str(error)
os.write({writer}, str(said).encode())
""")
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            return answer.read().decode()

    def end(self):
        """Ends it, unless it has ended."""
        if self.made:
            self.interpreters.destroy(self.id)
            self.id = None
