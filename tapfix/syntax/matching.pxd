# The types of the patterns matched by hand; matching.py is the source.

cimport cython

cdef Py_ssize_t _DOTTED, _IDENTIFIER, _OPEN_HEREDOC, _MARKS, _NEWLINE, _PLAIN, _NUMBER, _QUOTE, _END
cdef Py_ssize_t _SIMPLE_END, _BEHIND_SIMPLE
cdef Py_ssize_t _LITERAL, _DOTTED_PART, _SEQUENCE, _CLOSING_QUOTE

@cython.final
@cython.freelist(8)
cdef class Match:
    cdef str _text
    cdef Py_ssize_t _begin, _start, _token_end, _equal, _value, _value_end, _value_is, _rest, _end
    cdef readonly Py_ssize_t lastindex

    cpdef str group(self, Py_ssize_t group=*)

    @cython.locals(text=str, value=str)
    cpdef tuple groups(self)
    cpdef Py_ssize_t end(self)

@cython.final
cdef class CodePattern:
    cdef bint _free, _lines, _block_comments, _runs

    @cython.locals(start=Py_ssize_t, behind=Py_ssize_t, size=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, length=Py_ssize_t, first=Py_UCS4, line=Match)
    cpdef Match match(self, str text, Py_ssize_t position)

    @cython.locals(size=Py_ssize_t, end=Py_ssize_t, character=Py_UCS4, following=Py_UCS4)
    cdef Py_ssize_t _prefix_end(self, str text, Py_ssize_t at, bint free)

    @cython.locals(size=Py_ssize_t, name_end=Py_ssize_t, equal=Py_ssize_t, value=Py_ssize_t, end=Py_ssize_t, kind=Py_ssize_t, rest=Py_ssize_t, behind=Py_ssize_t, first=Py_UCS4, line=Match)
    cdef Match _whole_line(self, str text, Py_ssize_t position, Py_ssize_t start)

@cython.final
cdef class QuotedPattern:
    cdef bint _runs

    @cython.locals(size=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, character=Py_UCS4)
    cpdef Match match(self, str text, Py_ssize_t position)

@cython.locals(match=Match)
cdef Match _matched(str text, Py_ssize_t begin, Py_ssize_t start, Py_ssize_t end, Py_ssize_t lastindex)

cdef bint _begins_name(Py_UCS4 character) noexcept
cdef bint _continues_name(Py_UCS4 character) noexcept

@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _name_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _wide_name_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _dotted_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _spaces_end(str text, Py_ssize_t at) noexcept
@cython.locals(end=Py_ssize_t)
cdef Py_ssize_t _comment_end(str text, Py_ssize_t at, bint free) except -1
@cython.locals(size=Py_ssize_t, character=Py_UCS4)
cdef Py_ssize_t _plain_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t, behind=Py_ssize_t)
cdef Py_ssize_t _number_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _heredoc_opening_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t, first=Py_UCS4, second=Py_UCS4)
cdef Py_ssize_t _mark_length(str text, Py_ssize_t at) noexcept
