"""Lock this process in, then become the program that was named: the last thing to run before strangers' bytes do.

Run as a script, never imported by the product:

    python -I -S sandbox.py PARENT MEMORY CPU_S FILE_BYTES -- PROGRAM ARGUMENT...

What the program can then no longer do: outlive the parent, take more memory, processor time or disk than it was given,
gain privileges, reach a network, or open a file outside its working folder. The first three hold on every POSIX system;
the others are asked of Linux and done without where the kernel refuses (the door in ffmpeg.py beside this file stays
narrow without them: one file descriptor comes in, and the only protocol is that descriptor).

It runs before each ffmpeg, so it imports next to nothing: contextlib and signal alone would take as long as the rest.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
SIGKILL = 9  # on every system
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h

# linux/landlock.h; the numbers of the calls are the same on every architecture
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = (1 << n for n in (0, 1, 2, 3, 5, 8, 14))
ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
TCP_BIND_AND_CONNECT = 0b11  # known from version 4 on

#: where the loader and the C library lie: the only files outside its folder that the program may read
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store", "/gnu/store")

OPEN_FILES = 64  # ffmpeg holds about ten; more would be somebody else's idea


def limit_resources(memory: int, cpu_s: int, file_bytes: int) -> None:
    """Set limits in bytes and seconds; lower ones that are in force already stay."""
    wanted = [
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ]
    for kind, most in wanted:
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:  # noqa: SIM105
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # macOS has no limit on address space
            pass


def leave_the_network(libc: ctypes.CDLL) -> None:
    """Move to an empty network namespace; containers often forbid it, and then Landlock stands alone."""
    libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def leave_the_files(libc: ctypes.CDLL, program: str) -> None:
    """Keep only the working folder, the program and the system's libraries (Landlock, Linux 5.13 and later)."""
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return
    rights = ALL_RIGHTS[min(version, max(ALL_RIGHTS))]
    handled = (ctypes.c_uint64 * 2)(rights, TCP_BIND_AND_CONNECT)
    ruleset = libc.syscall(LANDLOCK_CREATE, handled, ctypes.c_size_t(16 if version >= 4 else 8), 0)
    if ruleset < 0:
        return
    _allow(libc, ruleset, ".", rights & (WRITE_FILE | READ_FILE | READ_DIR | REMOVE_FILE | MAKE_REG | TRUNCATE))
    _allow(libc, ruleset, program, EXECUTE | READ_FILE)
    for path in LIBRARIES:
        _allow(libc, ruleset, path, EXECUTE | READ_FILE | (READ_DIR if os.path.isdir(path) else 0))
    libc.syscall(LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    # struct landlock_path_beneath_attr is packed: 8 bytes of rights, 4 bytes of descriptor
    rule = ctypes.create_string_buffer(rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder), 12)
    libc.syscall(LANDLOCK_ADD, ruleset, LANDLOCK_PATH_BENEATH, rule, 0)
    os.close(place)


def lock_in(parent: int, program: str) -> None:
    """Do what only Linux can do; the order matters, since a new user namespace clears the death signal."""
    libc = ctypes.CDLL(None, use_errno=True)
    leave_the_network(libc)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    leave_the_files(libc, program)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() not in (parent, 0):  # 0: the parent lives outside our process namespace
        sys.exit("the parent is gone")


def main() -> None:
    parent, memory, cpu_s, file_bytes = map(int, sys.argv[1:5])
    command = sys.argv[6:]
    if sys.platform == "linux":
        lock_in(parent, command[0])
    limit_resources(memory, cpu_s, file_bytes)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
