# A real S3 store for the other scripts: Ceph's radosgw over one monitor and one object store in memory. start_radosgw sets $endpoint;
# access key AKTEST, secret SKTEST.
start_radosgw() {
    local program dir=$PWD/rgw port mon mon1
    for program in radosgw ceph-mon ceph-osd ceph ceph-authtool monmaptool radosgw-admin; do
        command -v $program > /dev/null || skip "$program is not installed (Debian: radosgw ceph-mon ceph-osd ceph-common)"
    done
    mkdir -p "$dir"/{mon,osd/0,data}
    port=$(free_port) mon=$(free_port) mon1=$((mon + 1))
    endpoint=http://127.0.0.1:$port
    cat > "$dir/ceph.conf" <<X
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v2:127.0.0.1:$mon,v1:127.0.0.1:$mon1]
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = true
keyring = $dir/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
mon allow pool size one = true
rgw dns name = localhost
mon data = $dir/mon
mon data avail warn = 1
osd data = $dir/osd/0
log file = $dir/\$name.log
pid file = $dir/\$name.pid
admin socket =
public addr = 127.0.0.1
cluster addr = 127.0.0.1
X
    start_ceph "$dir" "$mon" "$mon1" > "$dir/start.log" 2>&1 || { tail -n 5 "$dir/start.log"; fail "ceph does not start"; }
    radosgw -f -c "$dir/ceph.conf" -n client.rgw --rgw-frontends="beast endpoint=127.0.0.1:$port" --rgw-data="$dir/data" \
        > "$dir/rgw.out" 2>&1 &
    server_pids+=($!)
    wait_for "$port"
    timeout 60 radosgw-admin -c "$dir/ceph.conf" -n client.rgw user create --uid=t --display-name=t --access-key=AKTEST \
        --secret-key=SKTEST > "$dir/user.log" 2>&1 || fail "no user can be made: $(tail -n 3 "$dir/user.log")"
}

start_ceph() {
    local dir=$1 mon=$2 mon1=$3 name uuid conf=$1/ceph.conf
    uuid=$(cat /proc/sys/kernel/random/uuid)
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' || return 1
    for name in client.admin osd.0 client.rgw; do
        ceph-authtool "$dir/keyring" --gen-key -n $name --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' || return 1
    done
    monmaptool --create --enable-all-features --addv a "[v2:127.0.0.1:$mon,v1:127.0.0.1:$mon1]" \
        --fsid "$(sed -n 's/^fsid = //p' "$conf")" "$dir/monmap" || return 1
    ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring" || return 1
    ceph-mon -f -c "$conf" -i a > "$dir/mon.out" 2>&1 &
    server_pids+=($!)
    timeout 60 ceph -c "$conf" osd new "$uuid" || return 1
    ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid" || return 1
    ceph-osd -f -c "$conf" -i 0 > "$dir/osd.out" 2>&1 &
    server_pids+=($!)
}
