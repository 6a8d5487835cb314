#!/usr/bin/env bash
# Brings what cross builds and foreign tests need into one folder: toolchain.sh FOLDER PART...
# A part that is there is not fetched again. Nothing outside the folder changes. The mirror is the one that apt has on this system.
#   zig    the linker for other systems, and cargo-zigbuild, from PyPI
#   std    Rust's standard library as source, for targets that rustup has no library of (Debian, as root)
#   musl   the musl C library of both CPUs (Debian)
#   arm64  qemu and the glibc of arm64 (Debian)
#   wine   a root folder of a later Debian that has wine (1.1 GB, as root)
set -euo pipefail

ZIG=0.17.1
ZIGBUILD=0.24.0

D=$(realpath -m "${1:?a folder}")
shift
mkdir -p "$D"

# The packages of later releases of Debian come through lists of their own.
later() {
  mkdir -p "$D"/apt/lists/partial "$D"/apt/archives/partial
  local mirror release
  mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ { print $2; exit }')
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' /etc/apt/sources.list)
  for release in trixie trixie-backports; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64,arm64] $mirror $release main"
  done >"$D/apt/sources.list"
  APT=(-q -o Dir::Etc::sourcelist="$D/apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$D/apt/lists"
    -o Dir::Cache="$D/apt" -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  [ -e "$D/apt/updated" ] || { apt-get "${APT[@]}" update >/dev/null && touch "$D/apt/updated"; }
}

# unpack FOLDER FILE...
unpack() {
  local folder=$1 file
  shift
  mkdir -p "$folder"
  for file in "$@"; do dpkg-deb -x "$file" "$folder"; done
}

zig() {
  python3 -m venv "$D/venv"
  "$D/venv/bin/pip" -q install "ziglang==$ZIG" "cargo-zigbuild==$ZIGBUILD"
  # On Windows' GNU targets napi-build demands an import library of node.exe; the functions are looked up at run time.
  mkdir -p "$D/libnode"
  printf 'LIBRARY node.exe\nEXPORTS\n  napi_module_register\n' >"$D/libnode/node.def"
  "$D/venv/bin/python" -m ziglang dlltool -m i386:x86-64 -d "$D/libnode/node.def" -D node.exe -l "$D/libnode/libnode.a"
  cp "$D/libnode/libnode.a" "$D/libnode/libnode.dll.a"
  : >"$D/libnode/libnode.dll"
}

std() {
  local release version sysroot
  release=$(rustc --version | awk '{ print $2 }')
  sysroot=$(rustc --print sysroot)
  later
  # Any revision of Debian of exactly this release: another one's source does not build.
  version=$(apt-cache "${APT[@]}" madison rust-src | awk -F'[| ]+' -v v="$release" 'index($3, v "+") == 1 { print $3; exit }')
  if [ -z "$version" ]; then
    echo "Debian has no rust-src $release: use the targets that rustup has (rustup target add ...)" >&2
    exit 3
  fi
  mkdir -p "$D/dl/std"
  (cd "$D/dl/std" && apt-get "${APT[@]}" download "rust-src=$version" >/dev/null)
  unpack "$D/src" "$D"/dl/std/rust-src_*.deb
  # Hard links, since rustc finds its own files by its real path.
  rm -rf "$D/toolchain"
  cp -al "$sysroot" "$D/toolchain" 2>/dev/null || { rm -rf "$D/toolchain" && cp -a "$sysroot" "$D/toolchain"; }
  mkdir -p "$D/toolchain/lib/rustlib/src"
  ln -sfn "$D/src/usr/src/rustc-$release" "$D/toolchain/lib/rustlib/src/rust"
  # rust-objcopy, which strips for macOS, looks here for LLVM.
  (cd "$D/toolchain/lib/rustlib/x86_64-unknown-linux-gnu/lib" && for file in ../../../libLLVM.so.*; do ln -sf "$file" .; done)
}

musl() {
  later
  mkdir -p "$D/dl/musl"
  (cd "$D/dl/musl" && apt-get "${APT[@]}" download musl musl:arm64 >/dev/null)
  unpack "$D/musl-x64" "$D"/dl/musl/musl_*_amd64.deb
  unpack "$D/musl-arm64" "$D"/dl/musl/musl_*_arm64.deb
}

arm64() {
  mkdir -p "$D/dl/arm64"
  (cd "$D/dl/arm64" && apt-get -q -o APT::Sandbox::User=root download \
    qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross >/dev/null)
  unpack "$D/arm64" "$D"/dl/arm64/*.deb
}

wine() {
  later
  # The program that makes the root is a script, so it runs where it was unpacked.
  mkdir -p "$D/dl/wine"
  (cd "$D/dl/wine" && apt-get -q -o APT::Sandbox::User=root download mmdebstrap >/dev/null)
  unpack "$D/mmdebstrap" "$D"/dl/wine/mmdebstrap_*.deb
  rm -rf "$D/wine-root" "$D/wine-prefix"
  local mirror
  mirror=$(awk '$1 == "deb" { print $(NF - 2); exit }' "$D/apt/sources.list")
  PATH="$D/mmdebstrap/usr/bin:$PATH" mmdebstrap --quiet --variant=minbase --include=wine,wine64 trixie "$D/wine-root" "$mirror"
}

for part in "$@"; do
  case $part in zig | std | musl | arm64 | wine) ;; *) echo "there is no part $part" >&2 && exit 2 ;; esac
  # Another Rust needs another source.
  stamp="$D/$part.done"
  state="$part $ZIG $ZIGBUILD $([ "$part" = std ] && rustc --version || true)"
  [ "$(cat "$stamp" 2>/dev/null || true)" = "$state" ] && continue
  echo "fetching $part" >&2
  "$part"
  echo "$state" >"$stamp"
done
