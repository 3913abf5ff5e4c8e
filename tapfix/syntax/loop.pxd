# The types of the loop when it is compiled; loop.py is the source, and runs as it is where nothing is compiled.

cimport cython

from .tree cimport EmptyBody, Item, Leaf, Node


@cython.locals(
    text=str, actions=tuple, goto=tuple, landing=tuple, landings=tuple, rules=tuple, kinds=tuple,
    states=list, values=list, modes=list, heredocs=list,
    state=Py_ssize_t, mode=Py_ssize_t, free=bint, suspect=bint, position=Py_ssize_t, run=Py_ssize_t,
    terminal=Py_ssize_t, start=Py_ssize_t, prefix=str, value=str, head=str, dot=str, length=Py_ssize_t,
    action=Py_ssize_t, rule=tuple, below=Py_ssize_t, left=Py_ssize_t, build=Py_ssize_t, kind=str, row=tuple, node=Node,
    grown=list, begun=list, spliced=list, at=Py_ssize_t, lines=list, following=Py_ssize_t, before=list,
    end=Py_ssize_t, newline=str, names=list, name=str, change=Py_ssize_t,
)
cpdef parse_item(source, Py_ssize_t base)

@cython.locals(quote=Leaf, closing=Leaf)
cdef Node _plain_template(str value, str prefix, Py_ssize_t at)

@cython.locals(steps=list, name=str)
cdef list _steps(list names, Py_ssize_t at)

@cython.locals(names=list)
cdef Node _traversal(str dotted, str prefix, Py_ssize_t at)

@cython.locals(prefix=str, name=str, gap=str, indent=str, plain=str, dotted=str, digits=str, at=Py_ssize_t,
    equal_at=Py_ssize_t, value_at=Py_ssize_t)
cdef Node _simple_line(str kind, match, Py_ssize_t place)

cdef str _last_kind(list values)

cdef bint _repeats_a_name(list elements)
