"""A PostgreSQL connection through libpq itself, by ctypes.

The standard library has no driver, and a client that waits for another
program's output cannot time a query of a tenth of a millisecond.  Here only
the call of libpq stands between two readings of the clock.
"""
import ctypes
import ctypes.util
import os
import time

PGRES_EMPTY_QUERY, PGRES_COMMAND_OK, PGRES_TUPLES_OK = 0, 1, 2
PGRES_COPY_IN = 4


def _load():
    lib = ctypes.CDLL(ctypes.util.find_library('pq') or 'libpq.so.5')
    pointer, text, integer = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    texts = ctypes.POINTER(ctypes.c_char_p)
    for name, result, arguments in [
            ('PQconnectdb', pointer, [text]),
            ('PQstatus', integer, [pointer]),
            ('PQerrorMessage', text, [pointer]),
            ('PQbackendPID', integer, [pointer]),
            ('PQfinish', None, [pointer]),
            ('PQexec', pointer, [pointer, text]),
            ('PQprepare', pointer, [pointer, text, text, integer, pointer]),
            ('PQexecPrepared', pointer, [pointer, text, integer, texts, pointer, pointer, integer]),
            ('PQresultStatus', integer, [pointer]),
            ('PQntuples', integer, [pointer]),
            ('PQnfields', integer, [pointer]),
            ('PQgetvalue', text, [pointer, integer, integer]),
            ('PQgetisnull', integer, [pointer, integer, integer]),
            ('PQclear', None, [pointer]),
            ('PQputCopyData', integer, [pointer, text, integer]),
            ('PQputCopyEnd', integer, [pointer, text]),
            ('PQgetResult', pointer, [pointer]),
            ('PQsetNoticeProcessor', pointer, [pointer, pointer, pointer])]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class Error(Exception):
    """What the server said."""


class Connection:
    lib = None
    clock = 'wall'              # or 'cpu': the processor time of the backend, where other work slows all down
    silent = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)(lambda arg, message: None)

    def __init__(self, dsn=''):
        if Connection.lib is None:
            Connection.lib = _load()
        self.handle = self.lib.PQconnectdb(dsn.encode())
        if self.lib.PQstatus(self.handle) != 0:
            raise Error(self.lib.PQerrorMessage(self.handle).decode().strip())
        self.lib.PQsetNoticeProcessor(self.handle, ctypes.cast(self.silent, ctypes.c_void_p), None)
        self.pid = self.lib.PQbackendPID(self.handle)

    def close(self):
        if self.handle:
            self.lib.PQfinish(self.handle)
        self.handle = None

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _rows(self, result):
        """The rows of a result as tuples of str and None; the result is freed."""
        lib = self.lib
        try:
            if lib.PQresultStatus(result) not in (PGRES_EMPTY_QUERY, PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN):
                raise Error(lib.PQerrorMessage(self.handle).decode().strip())
            fields = range(lib.PQnfields(result))
            return [tuple(None if lib.PQgetisnull(result, row, field) else lib.PQgetvalue(result, row, field).decode()
                          for field in fields) for row in range(lib.PQntuples(result))]
        finally:
            lib.PQclear(result)

    def _check(self, result):
        """An error if the result is one; its rows stay where they are, and are freed."""
        status = self.lib.PQresultStatus(result)
        self.lib.PQclear(result)
        if status not in (PGRES_COMMAND_OK, PGRES_TUPLES_OK):
            raise Error(self.lib.PQerrorMessage(self.handle).decode().strip())

    def query(self, sql):
        return self._rows(self.lib.PQexec(self.handle, sql.encode()))

    def value(self, sql):
        rows = self.query(sql)
        return rows[0][0] if rows else None

    def number(self, sql):
        return float(self.value(sql))

    def now(self):
        if self.clock == 'wall':
            return time.perf_counter()
        with open('/proc/%d/schedstat' % self.pid) as file:
            return int(file.read().split()[0]) / 1e9

    def kernel_seconds(self):
        """Of the backend's processor time, what the kernel took so far: reading files, handing out memory."""
        with open('/proc/%d/stat' % self.pid) as file:
            return int(file.read().rsplit(')', 1)[1].split()[12]) / os.sysconf('SC_CLK_TCK')

    def seconds(self, sql):
        """From sending to the last row's arrival."""
        text = sql.encode()
        begin = self.now()
        result = self.lib.PQexec(self.handle, text)
        seconds = self.now() - begin
        self._check(result)
        return seconds

    def prepare(self, name, sql):
        self._check(self.lib.PQprepare(self.handle, name.encode(), sql.encode(), 0, None))

    def bind(self, name, *parameters):
        """A prepared statement with its parameters made ready: run_seconds() and run() take it."""
        texts = (ctypes.c_char_p * max(len(parameters), 1))(*[str(p).encode() for p in parameters])
        return name.encode(), len(parameters), texts

    def run(self, bound):
        return self._rows(self.lib.PQexecPrepared(self.handle, *bound, None, None, 0))

    def run_seconds(self, bound):
        """As seconds(); the result comes in binary, which costs the server least."""
        name, n, texts = bound
        execute, handle = self.lib.PQexecPrepared, self.handle
        begin = self.now()
        result = execute(handle, name, n, texts, None, None, 1)
        seconds = self.now() - begin
        self._check(result)
        return seconds

    def copy_in(self, sql, chunks):
        """COPY ... FROM STDIN; chunks are bytes."""
        self.query(sql)
        for chunk in chunks:
            if self.lib.PQputCopyData(self.handle, chunk, len(chunk)) != 1:
                raise Error(self.lib.PQerrorMessage(self.handle).decode().strip())
        self.lib.PQputCopyEnd(self.handle, None)
        while True:
            result = self.lib.PQgetResult(self.handle)
            if not result:
                break
            self._check(result)


def array(keys):
    """An array as text."""
    return '{%s}' % ','.join(map(str, keys))
