#!/bin/sh
# virtual-ip.sh: gives this machine an address for as long as it runs. Under goosectl the address follows the goose:
#
#     goosectl run -- virtual-ip.sh 192.0.2.100/24 eth0
#
# When the role is going, goosectl sends TERM in time for the address to be taken away before another node can be goose.
# If this script is killed before it could, the address is left behind; so it is given for a few seconds only, and again
# each second: the kernel takes it away by itself.
#
# Unlike keepalived (VRRP), where whoever hears no advertisements takes the address, a machine that is cut off gives it up
# by itself, and only a majority can give it to another: no network fault leaves two machines with it.
set -eu
[ $# = 2 ] || { echo "usage: virtual-ip.sh ADDRESS/PREFIX INTERFACE" >&2 && exit 2; }
address=$1 interface=$2
seconds=5

give_up() {
    ip addr del "$address" dev "$interface" 2>/dev/null || true
}

trap 'give_up; exit 0' TERM INT
trap give_up EXIT
# The neighbours may know it by another machine's hardware address: arping (iputils-arping) tells them.
ip addr replace "$address" dev "$interface" valid_lft $seconds preferred_lft $seconds
arping -q -U -c 3 -I "$interface" "${address%/*}" &
while :; do
    sleep 1 &
    wait $! # a signal ends this, and would not end sleep
    ip addr replace "$address" dev "$interface" valid_lft $seconds preferred_lft $seconds
done
