# Runs a program on a pseudo-terminal of its own:  on_terminal.py COLUMNS ROWS PROGRAM ARGUMENT...
# What comes on stdin is typed, what the terminal shows goes to stdout. A line `COLUMNS ROWS` on
# file descriptor 3 gives the terminal another size. Ends with the program's exit code.
import fcntl
import os
import pty
import select
import struct
import sys
import termios

CONTROL = 3


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def main():
    columns, rows, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        resize(0, columns, rows)
        os.execvp(program[0], program)
    sources = [0, CONTROL, terminal]
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                # Linux says so when the program has closed its side.
                data = b""
            if source == terminal and not data:
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if not data:
                sources.remove(source)
            elif source == CONTROL:
                resize(terminal, *data.split()[-2:])
            else:
                os.write(1 if source == terminal else terminal, data)


sys.exit(main())
