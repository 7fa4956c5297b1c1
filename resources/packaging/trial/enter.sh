#!/bin/sh
# enter.sh SYSTEM COMMAND...: in namespaces of its own (unshare), gives the system under SYSTEM a /dev, a /proc and a
# /run, goes in and runs the command in an empty environment. Folders of this system that SYSTEM's file
# /etc/shared-with-the-host names, one a line, can be read there. All that is mounted here ends with the namespace. It is
# a session of its own: a signal that a test gives to its group must not leave the system.
set -eu
system=$1
shift
mount --make-rprivate /

mount -t tmpfs -o mode=755 dev "$system/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$system/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 "$system/dev/tty" c 5 0
mkdir "$system/dev/pts" "$system/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$system/dev/pts"
ln -s pts/ptmx "$system/dev/ptmx"
ln -s /proc/self/fd "$system/dev/fd"
mount -t tmpfs -o mode=1777 shm "$system/dev/shm"
mount -t proc proc "$system/proc"
mount -t tmpfs -o mode=755 run "$system/run"
if [ -f "$system/etc/shared-with-the-host" ]; then
    while IFS= read -r folder || [ -n "$folder" ]; do
        mkdir -p "$system$folder"
        mount --bind -o ro "$folder" "$system$folder"
    done <"$system/etc/shared-with-the-host"
fi

exec setsid chroot "$system" /usr/bin/env -i "$@" </dev/null
