# The types of the loop when it is compiled; loop.py is the source, and runs as it is where nothing is compiled.

cimport cython

from . cimport making
from .matching cimport CodePattern, Match, QuotedPattern
from .tree cimport EmptyBody, Item, Leaf, Node

cdef Py_ssize_t _IDENTIFIER, _NUMBER_LIT, _NEWLINE, _EOF, _O_QUOTE, _C_QUOTE, _QUOTED_LIT, _O_HEREDOC, _C_HEREDOC, _STRING_LIT
cdef Py_ssize_t _INTERP, _CONTROL, _SEQUENCE_END, _O_BRACE, _C_BRACE, _STAR, _FOR, _TERM, _INTERPOLATION, _STEPS
cdef Py_ssize_t _KEEP, _POP
cdef list _MODE_AFTER
cdef dict _TEMPLATE, _LINES

cdef Py_ssize_t ACCEPT, PASS, NODE, LIST, GROW, SPLICED_NODE, SPLICED_LIST
cdef Py_ssize_t BEHIND_SIMPLE, CLOSING_QUOTE, DOTTED, DOTTED_PART, IDENTIFIER, LITERAL, MARKS, NEWLINE, NUMBER, OPEN_HEREDOC, PLAIN
cdef Py_ssize_t QUOTE, SIMPLE_END, SIMPLE_NAME, SIMPLE, INTERPOLATED
cdef Py_ssize_t BRACKETS, HEREDOC, INTERPOLATION, LINES, QUOTED
cdef dict KEYWORD, MARK
cdef tuple ACTIONS, GOTO, LANDING, LANDINGS, LEAF_KINDS, RULES

@cython.locals(
    text=str, actions=tuple, goto=tuple, landing=tuple, landings=tuple, rules=tuple, kinds=tuple,
    at_free=CodePattern, at_line=CodePattern, at_start=CodePattern, at_quoted=QuotedPattern,
    match=Match, simple=Match, ahead=Match,
    states=list, values=list, modes=list, heredocs=list,
    state=Py_ssize_t, mode=Py_ssize_t, free=bint, suspect=bint, position=Py_ssize_t, run=Py_ssize_t, part=Py_ssize_t,
    terminal=Py_ssize_t, start=Py_ssize_t, prefix=str, value=str, head=str, dot=Py_ssize_t, length=Py_ssize_t,
    action=Py_ssize_t, rule=tuple, left=Py_ssize_t, build=Py_ssize_t, kind=str,
    row=tuple, grown=list, taken=list, nested_openers=bint, at=Py_ssize_t, lines=list, following=Py_ssize_t, before=list,
    names=list, name=str, change=Py_ssize_t,
)
cpdef parse_item(source, Py_ssize_t base)

@cython.locals(quote=Leaf, closing=Leaf)
cdef Node _plain_template(str value, str prefix, Py_ssize_t at)

@cython.locals(steps=list, name=str)
cdef list _steps(list names, Py_ssize_t at)

@cython.locals(names=list)
cdef Node _traversal(str dotted, str prefix, Py_ssize_t at)

@cython.locals(prefix=str, name=str, gap=str, indent=str, plain=str, dotted=str, digits=str, rest=str, newline=str,
    name_leaf=Leaf, equal=Leaf)
cdef Py_ssize_t _add_line(list lines, str kind, Match match, Py_ssize_t at) except -1

cdef str _last_kind(list values)

@cython.locals(spliced=list)
cdef list _spliced(list values)

@cython.locals(names=list, node=Node)
cdef bint _repeats_a_name(list elements) except -1
