#!/bin/bash
# Proves that a Debian 12 with nothing but git and make is enough: `make demo test`, or the targets given, on a clone of HEAD in a new system, which
# debootstrap makes in a temporary folder from the mirror that this machine's apt uses. Needs root. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=bookworm
started=$SECONDS

[ "$(id -u)" -eq 0 ] || { echo "error: a new Debian needs root (debootstrap, chroot)" >&2; exit 1; }
# In a mount namespace of its own, so that a mount is gone even if this script is killed.
if [ "${NVSAFE_FRESH_NAMESPACE-}" != own ]; then
  NVSAFE_FRESH_NAMESPACE=own exec unshare --mount --propagation private "$0" "$@"
fi

# Lines "URI suite component" of the Debian archives that apt is set up with here.
print_archives() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite=$suite '($2 == suite || index($2, suite "-") == 1) && $3 == "main"' | sort -u
}
archives=$(print_archives)
[ -n "$archives" ] || { apt-get update >/dev/null; archives=$(print_archives); }
mirror=$(awk -v suite=$suite '$2 == suite { print $1; exit }' <<<"$archives")
[ -n "$mirror" ] || { echo "error: apt on this machine knows no mirror of Debian $suite" >&2; exit 1; }

root=$(mktemp -d "${TMPDIR:-/tmp}/nvsafe-fresh.XXXXXXXX")
remove_root() {
  if mountpoint -q "$root"; then umount --recursive "$root" || umount --recursive --lazy "$root"; fi
  rm -rf --one-file-system "$root"
}
trap remove_root EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# As / of a real system is: a mount point that everyone may enter.
chmod 755 "$root"
mount --bind "$root" "$root"

# How this machine reaches its mirror: proxies, certificates, limits.
settings=$(apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-|AllowInsecure|ForceIPv)' || true)
proxy=$(sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p' <<<"$settings")
if [ -n "$proxy" ] && [ "$proxy" != DIRECT ]; then export http_proxy="${http_proxy:-$proxy}"; fi

echo "fresh: a new Debian $suite"
debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
  { tail -n 30 "$root.log" "$root/debootstrap/debootstrap.log" >&2 || true; rm -f "$root.log"; echo "error: debootstrap failed" >&2; exit 1; }
rm -f "$root.log"
awk '{ print "deb " $1 " " $2 " " $3 }' <<<"$archives" >"$root/etc/apt/sources.list"
[ -z "$settings" ] || echo "$settings" >"$root/etc/apt/apt.conf.d/90host"
for certificates in $(sed -n 's/^Acquire::https\?::.*CaInfo "\(.*\)";$/\1/Ip' <<<"$settings") /etc/ssl/certs/ca-certificates.crt; do
  if [ -f "$certificates" ]; then install -D -m 644 "$certificates" "$root$certificates"; fi
done
cp /etc/resolv.conf "$root/etc/resolv.conf"
# The system is thrown away: dpkg need not wait for the disk.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
echo "fresh: $((SECONDS - started)) s for the new system"

git clone --quiet --no-hardlinks . "$root/root/nvsafe"
keep=()
for name in JOBS http_proxy https_proxy no_proxy; do [ -z "${!name-}" ] || keep+=("$name=${!name}"); done
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "${keep[@]}" \
  make -C /root/nvsafe --no-print-directory "${@:-demo}" </dev/null
echo "fresh: ${*:-demo} passed in $((SECONDS - started)) s"
