#!/bin/sh
# usage: boot.sh ROOT REPOSITORY PROGRAM
# Boots this system's systemd as process 1 of the namespaces that the caller has made (unshare -m -p -n -u -i -C), on a copy of
# this machine's files that is in memory alone. REPOSITORY is the tree's, PROGRAM the binary that is found there as bin/fanfare.
set -eu
root=$1 repository=$2 program=$3

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/m"
cp "$program" "$root/fanfare"
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/m"
m=$root/m

mount -t proc proc "$m/proc"
mount -t sysfs sysfs "$m/sys"
mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup"
for dir in dev run tmp var/log var/lib/systemd; do
  mkdir -p "$m/$dir"
  mount -t tmpfs -o mode=755 tmpfs "$m/$dir"
done
chmod 1777 "$m/tmp"
for device in null zero full random urandom tty; do
  touch "$m/dev/$device"
  mount --bind "/dev/$device" "$m/dev/$device"
done
ln -s pts/ptmx "$m/dev/ptmx"
mkdir "$m/dev/shm"
chmod 1777 "$m/dev/shm"

# The repository may be below /tmp or another folder that is empty now.
mkdir -p "$m/srv/fanfare" "$m/srv/fanfare.git"
mount --bind "$repository" "$m/srv/fanfare.git"
mount -t overlay -o "lowerdir=$m/srv/fanfare.git,upperdir=$(mktemp -d -p "$root"),workdir=$(mktemp -d -p "$root")" overlay "$m/srv/fanfare"
mkdir -p "$m/srv/fanfare/bin"
cp "$root/fanfare" "$m/srv/fanfare/bin/fanfare"

# None of this machine's services, and of systemd's own what a service needs.
rm -rf "$m/etc/systemd/system" "$m/etc/fanfare" "$m/usr/local/bin/fanfare"
mkdir "$m/etc/systemd/system" "$m/etc/systemd/system/default.target.wants"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >"$m/etc/systemd/system/default.target"
ln -s default.target "$m/etc/systemd/system/multi-user.target"
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-hwdb-update.service systemd-binfmt.service \
  systemd-modules-load.service systemd-firstboot.service systemd-update-done.service ldconfig.service \
  systemd-journal-catalog-update.service systemd-journal-flush.service systemd-sysctl.service apt-daily.timer; do
  ln -s /dev/null "$m/etc/systemd/system/$unit"
done
: >"$m/etc/fstab"
printf '%032x\n' 1 >"$m/etc/machine-id"

ip link set lo up
# Services get namespaces of their own, for which / has to be a root and no chroot.
cd "$m"
pivot_root . .
umount -l .
exec env -i container=fanfare PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=journal --show-status=no
