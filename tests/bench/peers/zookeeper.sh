# shellcheck shell=bash disable=SC2034,SC2154
# zookeeper.sh: see lib.sh. VARIANT: tickTime in ms; the other figures are those of Debian's zoo.cfg.
peer_begin() {
    local i
    for i in 1 2 3; do
        mkdir -p "$work/$i/data"
        echo "$i" >"$work/$i/data/myid"
        cat >"$work/$i/zoo.cfg" <<CONF
tickTime=$1
initLimit=10
syncLimit=5
dataDir=$work/$i/data
clientPort=2181
admin.enableServer=false
server.1=192.0.2.1:2888:3888
server.2=192.0.2.2:2888:3888
server.3=192.0.2.3:2888:3888
CONF
    done
    # Each question is a connection of its own.
    way=(zookeeper) every=4000 steady=1500 jitter=1000 patience=60000
}

peer_start() {
    spawn "$1" zookeeper java -cp /etc/zookeeper/conf:/usr/share/java/zookeeper.jar \
        -Dzookeeper.log.dir="$work/$1" -Dzookeeper.root.logger=WARN,CONSOLE \
        org.apache.zookeeper.server.quorum.QuorumPeerMain "$work/$1/zoo.cfg"
}

peer_struck() {
    pid_of "$1" zookeeper
}

peer_place() {
    echo "192.0.2.$1:2181"
}

peer_version() {
    dpkg-query -W -f 'ZooKeeper ${Version}\n' zookeeper
}
