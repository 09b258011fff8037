"""Functions whose source goes along: each has to mean the same on every Python that can compile it.

A snippet defines `f`, which is dumped; `check` says of the loaded one, `x`, whether it is right.
"""

import collections

Snippet = collections.namedtuple("Snippet", "name since source check loads_since")

SNIPPETS = []


def snippet(name, since, source, check, loads_since=None):
    """Add one: `since` is the first version that dumps it, and the first that loads it unless that is another."""
    SNIPPETS.append(Snippet(name, since, source.lstrip("\n"), check, loads_since or since))


snippet("imports", (3, 9), """
import math, os.path
from collections import Counter
def f(a):
  '''doc'''
  return math.sqrt(a), os.path.join('a','b'), Counter('a')
""", "x(4)[0] == 2")

snippet("imports_method", (3, 9), """
import math
class A:
  def f(self,a): return math.sqrt(a)
f=A.f
""", "x(None, 4) == 2")

snippet("imports_lambdas", (3, 9), """
import math
fs=[lambda a: math.sqrt(a), lambda a: math.floor(a), lambda a: (lambda b: math.floor(b))(a)]
f=fs
""", "(x[0](4), x[1](4.5), x[2](5.5)) == (2, 4, 5)")

snippet("imports_closure", (3, 9), """
import math
def mk(n):
  def g(a): return math.pow(a,n)
  return g
f=mk(2)
""", "x(3) == 9")

snippet("imports_inner", (3, 9), """
import math
def f(a):
  def g(b): return math.sqrt(b)
  return g(a)
""", "x(4) == 2")

snippet("inner_annotations", (3, 14), """
def f():
  def g(a: Later, b: 'x'=1) -> Never: return a
  return g(3)
""", "x() == 3", loads_since=(3, 9))

snippet("inner_class_annotations", (3, 14), """
def f():
  class K:
    a: Later = 3
    b: int
  return K.a
""", "x() == 3", loads_since=(3, 9))

snippet("future", (3, 9), """
from __future__ import annotations
def f():
  def g(a: Later) -> Never: return a
  return g(3), g.__annotations__
""", "x()[0] == 3 and x()[1] == {'a': 'Later', 'return': 'Never'}")

snippet("future_class", (3, 9), """
from __future__ import annotations
class A:
  def f(self):
    def g(a: Later): return a
    return g(3)
f=A.f
""", "x(None) == 3")

snippet("fstring_nested", (3, 9), """
def f(a):
  return f'{a!r:>{10}} {a=} {"q"}'
""", "x(3) == '         3 a=3 q'")

snippet("fstring_same_quotes", (3, 12), """
def f(a):
  return f'{a['k']}'
""", "x({'k': 3}) == '3'")

snippet("fstring_backslash", (3, 12), """
def f(a):
  return f"{'\\n'.join(a)}"
""", "x(['a', 'b']) == 'a\\nb'")

snippet("with_paren", (3, 10), """
import contextlib
def f():
  with (contextlib.nullcontext(1) as a, contextlib.nullcontext(2) as b):
    return a+b
""", "x() == 3")

snippet("index_star", (3, 11), """
def f(a,b):
  return a[*b]
""", "x({(1, 2): 3}, (1, 2)) == 3", loads_since=(3, 9))

snippet("index_star_in_star", (3, 9), """
def f(a,b,_index0x='_index1x'):
  return a[(*b[(*b,)], '_index0x')]
""", "x({(1, '_index0x'): 3}, type('B', (), {'__getitem__': lambda s, i: (1,), '__iter__': lambda s: iter(())})()) == 3")

snippet("index_star_tuple", (3, 9), """
def f(a,b):
  return a[(*b,)]
""", "x({(1, 2): 3}, (1, 2)) == 3")

snippet("return_star", (3, 9), """
def f(a):
  return 1,*a
""", "x([2]) == (1, 2)")

snippet("walrus", (3, 9), """
def f(a):
  if (b:=a)>1: return b
  return [y:=1,y**2]
""", "x(3) == 3")

snippet("comp_class", (3, 9), """
def f():
  class K:
    v=[i for i in range(3)]
    w=[j*len(v) for j in v[:2]] if 0 else 5
  return K.v
""", "x() == [0, 1, 2]")

snippet("comp_locals", (3, 9), """
def f(a):
  b=2
  return [sorted(locals()) for i in [1]]
""", "True")

snippet("finally_return", (3, 9), """
def f():
  try: return 1
  finally:
    pass
""", "x() == 1")

snippet("nested_default", (3, 9), """
def f(n):
  def g(a=n,*,b=n+1): return a,b
  return g()
""", "x(1) == (1, 2)")

snippet("async_gen", (3, 9), """
async def f():
  async for i in g(): yield i
async def g():
  yield 1
""", "x.__name__ == 'f'")

snippet("except_star", (3, 11), """
def f():
  try: raise ExceptionGroup('a',[ValueError(1)])
  except* ValueError as e: return_=1
  return return_
""", "x() == 1")

snippet("match", (3, 10), """
def f(a):
  match a:
    case {'k':v}: return v
    case _: return None
""", "x({'k': 2}) == 2")

snippet("docstring", (3, 9), """
def f():
  '''a
    b
  c'''
  return 1
""", "x() == 1")

snippet("assert_", (3, 9), """
def f(a):
  assert a, 'no'
  return __debug__
""", "x(1) is True")

snippet("type_params", (3, 12), """
def f[T](a: T) -> T:
  def g[U](b: U): return b
  return g(a)
""", "x(3) == 3")

snippet("type_alias", (3, 12), """
def f():
  type A = int
  return A.__value__
""", "x() is int")

snippet("lambda_default", (3, 9), """
f=lambda a,*b,c=3,**d: (a,b,c,d)
""", "x(1, 2, e=4) == (1, (2,), 3, {'e': 4})")

snippet("global_stmt", (3, 9), """
N=1
def f():
  global N
  N+=1
  return N
""", "x() == 2")

snippet("super_", (3, 9), """
class A:
  def f(self): return super().__repr__()[:1], __class__
f=A.f
""", "True")

snippet("private", (3, 9), """
class A:
  def f(self): self.__q=1; return self._A__q
f=A.f
""", "x(type('A', (), {})()) == 1")

snippet("int_huge", (3, 9), f"""
def f(): return 10**5000 and {"9" * 4000}
""", "x() % 10 == 9")

snippet("try_except_in_loop", (3, 9), """
def f():
  for i in range(3):
    try: continue
    finally: pass
  else: return i
""", "x() == 2")

snippet("percent", (3, 9), """
def f(a): return '%s %d' % (a,3)
""", "x(1) == '1 3'")

snippet("chained", (3, 9), """
def f(a,b): return a<b<=3 and not a or (yield)
""", "True")

snippet("await_", (3, 9), """
async def f(a):
  return [await b for b in a], [i async for i in g()]
async def g():
  yield 1
""", "True")

snippet("matrix", (3, 9), """
def f(a,b): return -a**-b, not a, ~a, a//b, a@b if 0 else 1
""", "x(2, 2)[0] == -0.25")

snippet("except_tuple", (3, 9), """
def f():
  try: 1/0
  except (ValueError, ZeroDivisionError): return 1
""", "x() == 1")

snippet("except_bare_tuple", (3, 14), """
def f():
  try: 1/0
  except ValueError, ZeroDivisionError: return 1
""", "x() == 1")

snippet("tstring", (3, 14), """
def f(a): return t'{a}'.values
""", "x(1) == (1,)")
