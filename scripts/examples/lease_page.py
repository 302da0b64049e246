#!/usr/bin/env python3
"""lease_page.py FILE: asks the lease page whether this machine's node is the goose. As a module, LeasePage is a reader.

Prints "goose", the term and the milliseconds left, or "duck"; exit status 0 goose, 1 duck, 2 not known. The layout and its
reasons stand in include/goose/lease_page.h.
"""

import mmap
import struct
import sys
import time

GOOSE, DUCK, NOT_KNOWN = 0, 1, 2
BYTES = 128
SEQUENCE, REST = 64, 72  # where they begin


class LeasePage:
    def __init__(self, path):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as text:
            self.boot = bytes.fromhex(text.read().strip().replace("-", ""))
        with open(path, "rb") as file:
            self.page = mmap.mmap(file.fileno(), BYTES, prot=mmap.PROT_READ)
        magic, version = struct.unpack_from("=8sI", self.page, 0)
        if magic != b"goosepg\0" or version != 1:
            raise ValueError(f"{path} is no lease page")

    def read(self):
        """(answer, term, ns left): what is read in one piece, and the clock behind it."""
        for _ in range(1000):
            (before,) = struct.unpack_from("=Q", self.page, SEQUENCE)
            boot = self.page[16:32]
            role, term, lease_end = struct.unpack_from("=QQQ", self.page, REST)
            (after,) = struct.unpack_from("=Q", self.page, SEQUENCE)
            if before == after and before % 2 == 0:
                break
        else:
            return NOT_KNOWN, 0, 0
        if boot != self.boot:
            return NOT_KNOWN, 0, 0
        left = lease_end - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if role != 1 or left <= 0:
            return DUCK, term, 0
        return GOOSE, term, left


def main():
    if len(sys.argv) != 2:
        print("usage: lease_page.py FILE", file=sys.stderr)
        return NOT_KNOWN
    try:
        answer, term, left = LeasePage(sys.argv[1]).read()
    except (OSError, ValueError) as error:
        print(f"lease_page.py: {error}", file=sys.stderr)
        return NOT_KNOWN
    print(f"goose term {term} for {left // 1000000} ms" if answer == GOOSE else ("duck", "not known")[answer - 1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
