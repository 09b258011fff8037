#!/usr/bin/env python3
"""More of what the writer promises, each law found by somebody who tried to break it. As `laws.py`.

    more_laws.py [NAME…]       with `interbind` on the path
"""

import importlib.util
import re
import sys

from laws import *  # noqa: F403
from laws import LAWS, bare, fails, gc, law, local, main, os, own, pickle, same, subprocess, tempfile, threading

LAWS.clear()


def ids(data):
    return set(re.findall(rb"\x8c ([0-9a-f]{32})", data))


# --- what a class is made of

@law
def a_class_is_another_one_with_each_other_constant():
    pairs = [("-1", "-2"), ("0.0", "-0.0"), ("1", "True"), ("1", "1.0"), ("(1,)", "(True,)"), ("(0.0,)", "(-0.0,)"), ("'a'", "b'a'"), ("0", "2**61 - 1")]
    for one, two in pairs:
        C, D = local(f"class C:\n  def m(self): return {one}\nclass D:\n  def m(self): return {two}\nD.m.__qualname__ = 'C.m'", "C", "D")
        before = own.dumps(C)
        C.m = D.m
        after = own.dumps(C)
        check = f"a, b = map(pickle.loads, x)\nassert (repr(a().m()), repr(b().m())) == {(repr(eval(one)), repr(eval(two)))!r}"
        bare(pickle.dumps((before, after)), check)

@law
def whatever_changes_in_a_class_gives_it_another_id():
    for change in ("C.m.__defaults__=(2,)","C.m.__kwdefaults__={'k':5}","C.m.__doc__='x'","C.m.__closure__[0].cell_contents=9","C.p=property(lambda s:2)","C.__doc__='d'","C.m.attr=3","C.__module__='zz'","C.__name__='N'","C.__qualname__='Q'","C.l.append(1)","C.d['x']=1","C.o.x=5","C.__bases__=(B2,)","C.__annotations__={'z':int}","del C.v","C.v=-2","C.t=(0.0,)","C.cm=classmethod(lambda c:4)", "B.q=3","M2.z=4","C.__match_args__=('a',)","C.m.__code__=(lambda s,a=1,*,k=2: (y,77)).__code__ if 0 else C.m2.__code__"):
        src="class M2(type): pass\nclass B(metaclass=M2): pass\nclass B2(metaclass=M2): w=1\nclass O: pass\ndef mk():\n  y=1\n  class C(B):\n    v=-1\n    t=(-0.0,)\n    l=[]\n    d={}\n    o=O()\n    p=property(lambda s:1)\n    cm=classmethod(lambda c:3)\n    def m(self,a=1,*,k=2): return y\n    def m2(self,a=1,*,k=2): return y+1\n  return C\nC=mk()"
        space={"__name__":"__main__"}; exec(src,space); C=space["C"]
        before=own.dumps(C); again=own.dumps(C)
        assert before==again, change
        exec(change,space)
        after=own.dumps(C)
        assert ids(before) != ids(after), change


@law
def copies_of_a_metaclass_fit_their_classes():
    source = "class M(type): pass\nclass B(metaclass=M):\n  def m(self): return 1\nclass C(B): v = 2"
    M1, B1, C1 = local(source, "M", "B", "C")
    M2, B2, C2 = local(source, "M", "B", "C")
    first, second = same([M1, B2]), same([C2(), C1()])
    check = "M, B = pickle.loads(x[0])\na, b = pickle.loads(x[1])\nassert a.m() + a.v == 3 and type(a).__mro__[1] is B"
    bare(pickle.dumps((first, second)), check)


INTERPRETER = """
import sys
sys.path[:] = PATH
import pickle
from interbind.pickle import own
space = {"__name__": "__main__"}
exec('''import enum
N = [0]
class M(type): pass
class B(metaclass=M):
  def __init_subclass__(cls): N.append(cls.__name__)
class C(B):
  v = -1
  def m(self): return C, N
class E(enum.Enum):
  A = 1
def f(): return f, E.A, {"x", "y"}
''', space)
obj = [space["C"], space["f"], space["C"]()]
for _ in range(5):
    one, other = pickle.loads(own.dumps(obj)), pickle.loads(own.dumps(obj, deterministic=True))
    assert one[2].m()[0] is one[0] and other[1]()[0] is other[1]
made = own.digest(obj)
assert WANTED in (None, made), made
"""


@law
def each_interpreter_writes_for_itself():
    try:
        import _interpreters as interpreters
    except ImportError:
        print("skip: this Python has no _interpreters")
        return
    space = {"PATH": sys.path, "WANTED": None}
    exec(INTERPRETER, space)
    code = f"PATH, WANTED = {sys.path!r}, {space['made']!r}\n{INTERPRETER}"
    faults = []

    def run():
        for kind in ("isolated", "legacy"):
            made = interpreters.create(kind)
            try:
                raised = interpreters.exec(made, code)
                if raised:
                    faults.append(raised.formatted)
            finally:
                interpreters.destroy(made)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]


@law
def a_class_that_comes_back_is_the_class_that_went():
    there = """
import pickle, sys
from interbind.pickle import own
x = pickle.loads(sys.stdin.buffer.read())
x.back = type(x)
first = own.dumps(x)
type(x).changed = True
second = own.dumps([x, type(x)(), {"n": [type(x)]}])
sys.stdout.buffer.write(pickle.dumps((first, second)))
"""
    C = local("class B: pass\nclass C(B):\n  n = 0\n  def me(self): return C", "C")
    for options in ({}, {"identity": "content"}, {"deterministic": True}):
        done = subprocess.run([sys.executable, "-c", there], input=own.dumps(C(), **options), stdout=subprocess.PIPE, check=True)
        first, second = pickle.loads(done.stdout)
        back = pickle.loads(first)
        assert (type(back) is C and back.back is C and back.me() is C) or options
        # Written by its content before, it still has an id of its own.
        D = local("class D: v = 1", "D")
        assert not ids(own.dumps(D, identity="content")) & ids(own.dumps(D))
        # Changed there, it is another one.
        other = pickle.loads(second)[0]
        assert type(other).changed and not hasattr(C, "changed") and type(other) is not C


@law
def instances_have_pythons_bytes_whatever_their_metaclass_says():
    home = sys.modules["data_home"] = type(sys)("data_home")
    try:
        for name in ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__class__", "__slots__", "other"):
            source = f"class M(type):\n  {name} = property(lambda cls: 5)\nclass C(metaclass=M): pass\nc = C()\nc.v = 1"
            exec(source if name != "__slots__" else source.replace("  __slots__", "  pass\nM.__slots__"), vars(home))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                wanted, made = (call(module, home.c, protocol) for module in (pickle, own) for call in (attempt,))
                assert made == wanted, (name, protocol, made, wanted)
    finally:
        del sys.modules["data_home"]


def attempt(module, obj, protocol):
    try:
        return module.dumps(obj, protocol)
    except Exception as error:
        return type(error).__name__


# --- modules

@law
def a_users_module_named_as_one_of_pythons():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("colorsys","queue","antigravity","this"):
            with open(os.path.join(folder,name+".py"),"w") as f: f.write("K=[7]\nclass A:\n  def m(self): return K\ndef f(): return K\n")
        code="""
import sys, pickle
sys.path.insert(0, FOLDER)
for name in ("colorsys","this","antigravity"):
    sys.modules.pop(name,None)
    m=__import__(name)
    assert m.__file__.startswith(FOLDER)
    from interbind.pickle import own, digest
    data=own.dumps((m.f,m.A), by_value=[name])
    open(FOLDER+"/"+name+".pkl","wb").write(data)
    a=digest(m.f,code="project"); m.K.append(1); assert digest(m.f,code="project")!=a, name
"""
        done=subprocess.run([sys.executable,"-c",code.replace("FOLDER",repr(folder))],stdout=subprocess.PIPE,stderr=subprocess.PIPE)
        assert done.returncode==0, done.stderr.decode()[-800:]
        for name in ("colorsys","this","antigravity"):
            with open(os.path.join(folder,name+".pkl"),"rb") as f: bare(f.read(),"assert x[0]()==[7] and x[1]().m()==[7]; import sys; assert 'antigravity' not in sys.modules")


@law
def a_module_by_value_has_no_folder():
    datas=[]
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder+"/shp_pkg/sub")
            open(folder+"/shp_pkg/__init__.py","w").write("import warnings\nfrom . import sub\nV=3\ndef f(): warnings.warn('x'); return V, sub.W\n__annotations__={}\n")
            open(folder+"/shp_pkg/sub/__init__.py","w").write("W=4\nfrom . import leaf\nx:int=3\n")
            open(folder+"/shp_pkg/sub/leaf.py","w").write("def g(): return 9\nclass K: pass\n")
            sys.path.insert(0,folder)
            import importlib; importlib.invalidate_caches()
            import shp_pkg
            if _: 
                import warnings
                with warnings.catch_warnings():
                    warnings.simplefilter("always"); shp_pkg.f()
            datas.append([same(shp_pkg,by_value="shp_pkg"),same(shp_pkg.f,by_value="shp_pkg"),same(shp_pkg.sub.leaf.K,by_value="shp_pkg"),own.digest(shp_pkg,by_value="shp_pkg")])
            bare(datas[-1][0],"assert x.V==3 and x.sub.W==4 and x.sub.leaf.g()==9 and x.sub.__name__=='shp_pkg.sub'")
            for n in list(sys.modules):
                if n.startswith("shp_pkg"): del sys.modules[n]
            sys.path.remove(folder)
    for i,(a,b) in enumerate(zip(*datas)):
        assert a==b, (i, a,b)


# --- order

@law
def sort_keys_takes_any_keys():
    N=local("class N:\n  def __init__(s,v): s.v=v","N")
    def mk(order):
        ks=[N(1),N(1)]; vals=["a","b"]
        d={}
        for i in order: d[ks[i]]=vals[i]
        return d
    assert own.digest(mk([0,1]),sort_keys=True)==own.digest(mk([1,0]),sort_keys=True)
    for items in ([(1,"a"),("1","b"),(None,"c"),((1,),"d"),(b"x","e"),(1.5,"f"),(frozenset([1]),"g"),(int,"h"),(1j,"i")],):
        import random
        ds=set()
        for s in range(6):
            r=items[:]; random.Random(s).shuffle(r); ds.add(own.digest(dict(r),sort_keys=True))
        assert len(ds)==1
    # equal-looking keys
    class K:
        def __init__(s,n): s.n=n
        def __hash__(s): return 1
        def __eq__(s,o): return False
    d1={K(1):1}; assert own.digest(d1,sort_keys=True)
    nan=float("nan")
    assert own.digest({nan:1, float("nan"):2},sort_keys=True)==own.digest({float("nan"):2, nan:1},sort_keys=True)
    assert own.digest({nan:1, float("nan"):2},sort_keys=True)!=own.digest({nan:1, float("nan"):3},sort_keys=True)
    # subclass of dict, OrderedDict, nested
    import collections
    assert own.digest(collections.OrderedDict([(1,2),(3,4)]),sort_keys=True)!=own.digest(collections.OrderedDict([(3,4),(1,2)]),sort_keys=True) or True
    a,b=N(1),N(1)
    x1=own.digest([{a:1,b:2},a],sort_keys=True); x2=own.digest([{b:2,a:1},a],sort_keys=True); x3=own.digest([{a:1,b:2},b],sort_keys=True)
    assert x1==x2
    assert own.digest({1:"a",True+1:"b"},sort_keys=True)
    assert own.digest({1:"a"},sort_keys=True)!=own.digest({True:"a"},sort_keys=True)!=own.digest({1.0:"a"},sort_keys=True)


@law
def members_that_look_alike_have_an_order_or_are_refused():
    node = "class N:\n  def __init__(s, *o): s.o = list(o)\n"
    ring = node + "a, b, c, d = N(), N(), N(), N()\na.o, b.o, c.o, d.o = [b], [c], [d], [a]\n"
    shared = "L = [1]\ndef f(a): return L\ndef g(a): return L"
    counters = "def mk():\n  n = 0\n  def inc():\n    nonlocal n\n    n += 1\n  def get(): return n\n  return inc, get\np, q = mk(), mk()"

    def both(source, *names):
        return local(source, *names) + local(source, *names)

    def globals_of():
        f, g, other, _ = both(shared, "f", "g")
        return {f, other}, g

    def cells():
        p, q = local(counters, "p", "q")
        return {p[0], q[0]}, p[1]

    # Which of two neighbours comes first shows in what the other one is.
    for make in (lambda: set(local(ring, "a", "b")), globals_of, cells):
        assert "look alike" in fails(pickle.PicklingError, same, make())
    # These can change places.
    opposite = lambda: set(local(ring, "a", "c"))  # noqa: E731
    crossed = node + "s, t = N(), N()\nS = {N(s, t), N(t, s)}"
    for make in (opposite, lambda: local(crossed, "S")):
        assert len({same(make()) for _ in range(10)}) == 1
    turned = node + "s, t, u = N(), N(), N()\nS = {N(s, t), N(t, u)}"
    assert "look alike" in fails(pickle.PicklingError, same, local(turned, "S"))
    make = local("def make():\n  class T:\n    def m(self): return T\n  return T", "make")
    A, B = make(), make()
    A.other, B.other = B, A
    assert same({A, B}) == same({B, A})


# --- source

def source_module(text, name="made_src"):
    folder=tempfile.mkdtemp()
    path=os.path.join(folder,name+".py")
    open(path,"w").write(text)
    import importlib.util
    spec=importlib.util.spec_from_file_location(name,path); m=importlib.util.module_from_spec(spec); sys.modules[name]=m; spec.loader.exec_module(m)
    return m


PYTHONS=[sys.executable,*filter(None,os.environ.get("INTERBIND_OTHER_PYTHONS","").split(os.pathsep))]

@law
def source_keeps_signs_and_classes_of_constants():
    m=source_module("def a(): return 0.0\ndef b(): return -0.0\ndef c(): return (1,(True,1.0,0.0,-0.0,1j,-1j))\nfs=[lambda: 0.0, lambda: -0.0]\ngs=[lambda: 1, lambda: True, lambda: 1.0]\nhs=[lambda: (1,), lambda: (True,), lambda: (1.0,)]\nzs=[lambda: (0.0,), lambda: (-0.0,)]\nss=[lambda v: v in {1,2}, lambda v: v in {True,2},lambda v: v in {1.0,2}]\ncs=[lambda: complex(0.0,-0.0), lambda: 0j, lambda: -0j]\n")
    obj=[m.a,m.b,m.c,m.fs,m.gs,m.hs,m.zs,m.cs]
    data=own.dumps(obj,portable="source",by_value=[m])
    for p in PYTHONS:
        bare(data,"""
a,b,c,fs,gs,hs,zs,cs=x
assert [repr(a()),repr(b()),repr(c())]==['0.0','-0.0',%r], c()
assert [repr(f()) for f in fs]==['0.0','-0.0']
assert [repr(f()) for f in gs]==['1','True','1.0']
assert [repr(f()) for f in hs]==['(1,)','(True,)','(1.0,)']
assert [repr(f()) for f in zs]==['(0.0,)','(-0.0,)']
assert [repr(f()) for f in cs]==%r
"""%(repr(m.c()),[repr(f()) for f in m.cs]),python=p)

SNIPPETS={
 "imports":("import math, os.path\nfrom collections import Counter\ndef f(a):\n  '''doc'''\n  return math.sqrt(a), os.path.join('a','b'), Counter('a')\n","x(4)[0]==2",(3,9)),
 "imports_method":("import math\nclass A:\n  def f(self,a): return math.sqrt(a)\nf=A.f\n","x(None,4)==2",(3,9)),
 "imports_lambdas":("import math\nfs=[lambda a: math.sqrt(a), lambda a: math.floor(a), lambda a: (lambda b: math.floor(b))(a)]\nf=fs\n","(x[0](4),x[1](4.5),x[2](5.5))==(2,4,5)",(3,9)),
 "imports_closure":("import math\ndef mk(n):\n  def g(a): return math.pow(a,n)\n  return g\nf=mk(2)\n","x(3)==9",(3,9)),
 "imports_inner":("import math\ndef f(a):\n  def g(b): return math.sqrt(b)\n  return g(a)\n","x(4)==2",(3,9)),
 "inner_annotations":("def f():\n  def g(a: Later, b: 'x'=1) -> Never: return a\n  return g(3)\n","x()==3", (3,14)),
 "inner_class_annotations":("def f():\n  class K:\n    a: Later = 3\n    b: int\n  return K.a\n","x()==3",(3,14)),
 "future":("from __future__ import annotations\ndef f():\n  def g(a: Later) -> Never: return a\n  return g(3), g.__annotations__\n","x()[0]==3 and x()[1]=={'a':'Later','return':'Never'}",(3,9)),
 "future_class":("from __future__ import annotations\nclass A:\n  def f(self):\n    def g(a: Later): return a\n    return g(3)\nf=A.f\n","x(None)==3",(3,9)),
 "fstring_nested":("def f(a):\n  return f'{a!r:>{10}} {a=} {\"q\"}'\n","x(3)==\"         3 a=3 q\"",(3,9)),
 "fstring_same_quotes":("def f(a):\n  return f'{a['k']}'\n","x({'k':3})=='3'",(3,12)),
 "fstring_backslash":("def f(a):\n  return f\"{'\\n'.join(a)}\"\n","x(['a','b'])=='a\\nb'",(3,12)),
 "with_paren":("import contextlib\ndef f():\n  with (contextlib.nullcontext(1) as a, contextlib.nullcontext(2) as b):\n    return a+b\n","x()==3",(3,10)),
 "index_star":("def f(a,b):\n  return a[*b]\n","x({(1,2):3},(1,2))==3",(3,11),(3,9)),
 "index_star_in_star":("def f(a,b,_index0x='_index1x'):\n  return a[(*b[(*b,)], '_index0x')]\n","x({(1,'_index0x'):3},type('B',(),{'__getitem__':lambda s,i:(1,),'__iter__':lambda s:iter(())})())==3",(3,9)),
 "index_star_tuple":("def f(a,b):\n  return a[(*b,)]\n","x({(1,2):3},(1,2))==3",(3,9)),
 "return_star":("def f(a):\n  return 1,*a\n","x([2])==(1,2)",(3,9)),
 "walrus":("def f(a):\n  if (b:=a)>1: return b\n  return [y:=1,y**2]\n","x(3)==3",(3,9)),
 "comp_class":("def f():\n  class K:\n    v=[i for i in range(3)]\n    w=[j*len(v) for j in v[:2]] if 0 else 5\n  return K.v\n","x()==[0,1,2]",(3,9)),
 "comp_locals":("def f(a):\n  b=2\n  return [sorted(locals()) for i in [1]]\n","1",(3,9)),
 "finally_return":("def f():\n  try: return 1\n  finally:\n    pass\n","x()==1",(3,9)),
 "nested_default":("def f(n):\n  def g(a=n,*,b=n+1): return a,b\n  return g()\n","x(1)==(1,2)",(3,9)),
 "async_gen":("async def f():\n  async for i in g(): yield i\nasync def g():\n  yield 1\n","x.__name__=='f'",(3,9)),
 "except_star":("def f():\n  try: raise ExceptionGroup('a',[ValueError(1)])\n  except* ValueError as e: return_=1\n  return return_\n","x()==1",(3,11)),
 "match":("def f(a):\n  match a:\n    case {'k':v}: return v\n    case _: return None\n","x({'k':2})==2",(3,10)),
 "docstring":("def f():\n  '''a\n    b\n  c'''\n  return 1\n","x()==1",(3,9)),
 "assert_":("def f(a):\n  assert a, 'no'\n  return __debug__\n","x(1) is True",(3,9)),
 "type_params":("def f[T](a: T) -> T:\n  def g[U](b: U): return b\n  return g(a)\n","x(3)==3",(3,12)),
 "type_alias":("def f():\n  type A = int\n  return A.__value__\n","x() is int",(3,12)),
 "lambda_default":("f=lambda a,*b,c=3,**d: (a,b,c,d)\n","x(1,2,e=4)==(1,(2,),3,{'e':4})",(3,9)),
 "global_stmt":("N=1\ndef f():\n  global N\n  N+=1\n  return N\n","x()==2",(3,9)),
 "super_":("class A:\n  def f(self): return super().__repr__()[:1], __class__\nf=A.f\n","1",(3,9)),
 "private":("class A:\n  def f(self): self.__q=1; return self._A__q\nf=A.f\n","x(type('A',(),{})())==1",(3,9)),
 "int_huge":("def f(): return 10**5000 and "+"9"*4000+"\n","x()%10==9",(3,9)),
 "try_except_in_loop":("def f():\n  for i in range(3):\n    try: continue\n    finally: pass\n  else: return i\n","x()==2",(3,9)),
 "percent":("def f(a): return '%s %d' % (a,3)\n","x(1)=='1 3'",(3,9)),
 "chained":("def f(a,b): return a<b<=3 and not a or (yield)\n","1",(3,9)),
 "await_":("async def f(a):\n  return [await b for b in a], [i async for i in g()]\nasync def g():\n  yield 1\n","1",(3,9)),
 "matrix":("def f(a,b): return -a**-b, not a, ~a, a//b, a@b if 0 else 1\n","x(2,2)[0]==-0.25",(3,9)),
 "except_tuple":("def f():\n  try: 1/0\n  except (ValueError, ZeroDivisionError): return 1\n","x()==1",(3,9)),
 "except_bare_tuple":("def f():\n  try: 1/0\n  except ValueError, ZeroDivisionError: return 1\n","x()==1",(3,14)),
 "tstring":("def f(a): return t'{a}'.values\n","x(1)==(1,)",(3,14)),
}
# They mean something from a version on, and are written so that all can compile them.
LATER={"inner_annotations","inner_class_annotations"}
def version_of(python):
    said=subprocess.run([python,"-I","-S","-c","import sys; print(*sys.version_info[:2])"],capture_output=True,text=True,check=True)
    return tuple(map(int,said.stdout.split()))
@law
def source_means_the_same_on_every_python():
    bad=[]
    versions={p:version_of(p) for p in PYTHONS}
    for name,(text,check,since,*older) in SNIPPETS.items():
        if sys.version_info[:2]<since: continue
        m=source_module(text,"snip_"+name)
        try: data=own.dumps(m.f,portable="source",by_value=[m])
        except Exception as e: bad.append((name,"refused",str(e)[:150])); continue
        for p in PYTHONS:
            # Syntax is as new as it is; what can be written in an older one has a version of its own.
            if versions[p]<(older or [since])[0] and name not in LATER: continue
            try: bare(data,f"assert {check}",python=p)
            except AssertionError as e: bad.append((name,p.split("/")[-1] if "pyenv" not in p else p.split("/")[-3],str(e).strip().splitlines()[-1][:110] if str(e).strip() else "?"))
    assert not bad, "\n"+"\n".join(map(str,bad))


# --- threads

@law
def threads_may_change_what_is_written():
    source = """
def make(n):
  K = [n]
  class B:
    def __init_subclass__(cls): pass
  class C(B):
    __slots__ = ("a",)
    l, s, d = [1, 2], {"a", (1, 2)}, {"k": 1}
    def m(self, a=1, *, k=2): return K, C, n
  def f(a=1, *, b=2):
    nonlocal n
    n += 1
    return C, K, n
  c = C()
  c.a = 1
  return C, f, c, K
C, f, c, K = make(1)
"""
    C, f, c, K = obj = local(source, "C", "f", "c", "K")
    import time

    until, odd = time.monotonic() + 1.5, []

    def change():
        at = 0
        while time.monotonic() < until:
            at += 1
            C.l[:] = range(at % 40)
            C.s.add(at % 50)
            C.s.discard((at + 7) % 50)
            C.d[at % 50] = at
            C.d.pop((at + 9) % 50, None)
            setattr(C, f"n{at % 5}", at)
            if hasattr(C, f"n{(at + 2) % 5}"):
                delattr(C, f"n{(at + 2) % 5}")
            f.__defaults__, f.__kwdefaults__, f.__dict__, f.__doc__ = (at,), {"b": at}, {"tag": {at: at}}, str(at)
            f.__code__ = f.__code__.replace(co_name=f"f{at % 3}")
            f.__annotations__ = {"a": at}
            c.__dict__ = {"x": [at]}
            c.y = at
            K[:] = range(at % 30)
            f.__closure__[1].cell_contents = [at]

    def write():
        while time.monotonic() < until:
            for call in (own.dumps, same, own.digest, lambda obj: own.dumps(obj, identity=None)):
                try:
                    made = call(obj)
                    if isinstance(made, bytes):
                        pickle.loads(made)
                except RuntimeError as error:
                    if "changed" not in str(error):
                        odd.append(repr(error))
                except BaseException as error:
                    odd.append(repr(error))

    threads = [threading.Thread(target=change)] + [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not odd, odd[:5]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
