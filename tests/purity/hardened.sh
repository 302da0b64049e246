#!/usr/bin/env bash
# hardened.sh: what readelf says of the programs that are installed: PIE, full RELRO, no executable stack, and calls of
# fortified functions; on 64-bit x86 also marks for indirect branches.
# usage: hardened.sh PROGRAM...
set -euo pipefail
export LC_ALL=C

fail() {
    echo "$program: $*"
    exit 1
}

# said PATTERN COMMAND... - to its end: grep -q would leave it writing to nobody.
said() {
    local pattern=$1
    shift
    "$@" | grep -E -- "$pattern" >/dev/null
}

for program; do
    said 'Type: *DYN' readelf -hW "$program" || fail "no PIE"
    said 'GNU_RELRO' readelf -lW "$program" || fail "no RELRO"
    said 'GNU_STACK .* RW ' readelf -lW "$program" || fail "the stack may be executed"
    said 'BIND_NOW|FLAGS.* NOW' readelf -dW "$program" || fail "bound when used: RELRO is not full"
    said '__(v?(sn|f)?printf|mem[a-z]+|str[a-z]+|read|recv)_chk(@|$)' readelf --dyn-syms -W "$program" || fail "not fortified"
    if said 'Machine: *Advanced Micro Devices X86-64' readelf -hW "$program"; then
        said 'endbr64' objdump -d --no-show-raw-insn "$program" || fail "no -fcf-protection"
        # Of a frame larger than a page each page is touched.
        said 'or[ql] +[$]0x0,' objdump -d --no-show-raw-insn "$program" || fail "no -fstack-clash-protection"
    fi
    echo "$program is hardened"
done
