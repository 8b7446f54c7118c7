# The program that the interpreter runs: one instruction after the other, from what was standard input, until that ends.
#
# An instruction is the length of its text in decimal, a line end, and the text: fields that end with a zero byte.
#   run       source to be executed here, which defines what follows
#   streams   standard output and standard error from here on, as open files that come with the next byte
#   probe     number of arguments, the arguments, then the environment as KEY=VALUE: see `probe.py`
#   hand-off  see `hand_off.py`
# The answer to a probe is one JSON document on standard output after a marker, since anything else may be printed there as
# well; standard output then ends. A hand-off answers with the exit code.
import gc
import os
import sys


def take_control():
    """The channel, away from standard input, where pip or a hook could read from it."""
    control = os.dup(0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    return control


def receive(control):
    """The fields of the next instruction; None when there is none."""
    length = b""
    while not length.endswith(b"\n"):
        byte = os.read(control, 1)
        if not byte:
            return None
        length += byte
    left, parts = int(length), []
    while left:
        part = os.read(control, left)
        if not part:
            return None
        left -= len(part)
        parts.append(part)
    return [os.fsdecode(field) for field in b"".join(parts).split(b"\0")[:-1]]


def fall_silent():
    """Nobody reads what is printed between two instructions; a full pipe would stop this process."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    os.close(null)


def take_streams(control):
    """Standard output and standard error of the parent, which a pipe could not stand in for: pip asks whether it is a terminal."""
    import socket

    with socket.socket(fileno=os.dup(control)) as channel:
        _, passed, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(2 * 4))
    if not passed:
        sys.exit(1)  # the parent has ended
    for stream, name in ((1, "stdout"), (2, "stderr")):
        given = int.from_bytes(passed[0][2][4 * stream - 4 : 4 * stream], sys.byteorder)
        os.dup2(given, stream)
        os.close(given)
        old = getattr(sys, name)
        new = open(stream, "w", buffering=1, encoding=old.encoding, errors=old.errors, closefd=False)
        setattr(sys, name, new)
        setattr(sys, "__{}__".format(name), new)


def main():
    start, control = dict(os.environ), take_control()
    # Almost all that is imported stays; looking for garbage in it costs a tenth of the time.
    gc.disable()
    while True:
        fields = receive(control)
        if fields is None:
            return
        if fields[0] == "run":
            exec(fields[1], globals())
        elif fields[0] == "probe":
            answer_probe(fields[1:], start)
            fall_silent()
        elif fields[0] == "streams":
            take_streams(control)
        else:
            gc.enable()
            hand_off(fields[1:], control, start)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
