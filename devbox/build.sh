#!/bin/sh
# Makes /opt/airlock of Debian's packages for another machine than the one this runs on: OpenSSH's server with all
# libraries that it needs, beside them a static busybox. Nothing of it is run here, so any architecture can be built.
#
#   build.sh ARCHITECTURE   Debian's name of it, such as amd64 or arm64
set -eu
arch=$1
here=$(dirname "$0")
work=$(mktemp -d)
out=/opt/airlock
packages='openssh-server openssh-sftp-server openssh-client busybox-static libnss-wrapper'

# an empty status: packages that this machine has already are needed for the other one
mkdir -p "$work/state" "$work/debs/partial" "$work/root" "$out/bin" "$out/lib"
: >"$work/state/status"
apt() {
  apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$work/state" \
    -o Dir::State::status="$work/state/status" -o Dir::Cache::Archives="$work/debs" \
    -o APT::Sandbox::User=root -o APT::Install-Recommends=false -o Debug::NoLocking=1 "$@"
}
mkdir -p "$work/state/lists/partial"
apt update
# shellcheck disable=SC2086
apt install --download-only --yes $packages >/dev/null
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work/root"; done

find_library() {
  find "$work/root/lib" "$work/root/usr/lib" -name "$1" \( -type f -o -type l \) | head -n 1
}
# a library, and what it needs
take_library() {
  [ ! -e "$out/lib/$1" ] || return 0
  file=$(find_library "$1")
  [ -n "$file" ] || { echo "no package has $1" >&2; exit 1; }
  cp -L "$file" "$out/lib/$1"
  chmod 755 "$out/lib/$1"
  for needed in $(patchelf --print-needed "$out/lib/$1"); do take_library "$needed"; done
}
take_program() {
  cp "$work/root/usr/$1" "$out/$2"
  chmod 755 "$out/$2"
  for needed in $(patchelf --print-needed "$out/$2"); do take_library "$needed"; done
}

take_program sbin/sshd bin/sshd
take_program lib/openssh/sftp-server bin/sftp-server
take_program bin/scp bin/scp
take_library libnss_wrapper.so
loader=$(basename "$(patchelf --print-interpreter "$out/bin/sshd")")
take_library "$loader"
for program in sshd sftp-server scp; do
  # they ask who they are, which the image's own passwd does not say of any user; asked for both at once, patchelf
  # writes the name in the place of the path
  patchelf --add-needed libnss_wrapper.so "$out/bin/$program"
  patchelf --set-interpreter "$out/lib/$loader" --set-rpath "$out/lib" --force-rpath "$out/bin/$program"
done
for library in "$out"/lib/*; do
  case ${library##*/} in
    # neither of them is found by a path
    "$loader" | libc.so.6) ;;
    *) patchelf --set-rpath "$out/lib" --force-rpath "$library" ;;
  esac
done
cp "$(find "$work/root" -path '*bin/busybox' -type f)" "$out/bin/busybox"
chmod 755 "$out/bin/busybox"
# by its name it knows what it is to be
ln -s busybox "$out/bin/sh"
install -m 755 "$here/start.sh" "$here/session.sh" "$out/"
install -m 644 "$here/sshd_config" "$out/"
# whoever runs them may read what they are
mkdir -p "$out/licenses"
for name in openssh-server busybox-static libnss-wrapper; do
  cp -L "$work/root/usr/share/doc/$name/copyright" "$out/licenses/$name"
done
rm -rf "$work"
du -sh "$out"
