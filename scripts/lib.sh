# Set-up shared by the scripts beside it: what must be there before anything can be built. To be sourced, not run.

# The libraries dermc links, and those it loads where they are needed (OpenBLAS, libsodium for signatures, libtiff and
# libwebp for such images): Debian package and pkg-config module of each.
readonly libraries=(
  libprotobuf-c-dev:libprotobuf-c
  zlib1g-dev:zlib
  libopenblas0:openblas
  libjpeg-dev:libjpeg
  libpng-dev:libpng
  libsodium-dev:libsodium
  libtiff-dev:libtiff-4
  libwebp-dev:libwebp
)
# What a toolchain from swift.org takes from the system besides; packages of Debian whose names are the same in every
# release. Swift from apt brings it along.
readonly toolchain_packages=(libcurl4-openssl-dev libncurses-dev libsqlite3-dev libxml2-dev)
readonly oldest_swift=6.2
# What Swift's own installer is asked for: the release dermc is tested with.
readonly tested_swift=6.3
readonly swift_page=https://www.swift.org/install/linux

# How the runtime half is compiled for devices: with Swift's library inside, by the toolchain's own linker, since only
# that knows all that is asked of it; without gradients of operators, which only compiling asks for, and which the linker
# would keep since they are looked up by name; functions in sections of their own, and public ones not held for others
# that may call them, so that the linker leaves out what is not called.
readonly runtime_options=(
  -c release --static-swift-stdlib
  -Xswiftc -use-ld=lld
  -Xswiftc -DRUNTIME_ONLY
  -Xswiftc -Xfrontend -Xswiftc -function-sections
  -Xswiftc -Xfrontend -Xswiftc -internalize-at-link
)

# Prints its arguments, a line each.
say() { printf '%s\n' "$@"; }

stop() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Whether Swift of a version, as in 6.3.1 or 6.2.3-1+b1, can build dermc. Fields are numbers: 6.10 is newer than 6.2.
new_enough() {
  [[ $1 =~ ^([0-9]+)\.([0-9]+) ]] || return
  local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  ((major > ${oldest_swift%.*} || (major == ${oldest_swift%.*} && minor >= ${oldest_swift#*.})))
}

# Whether there is a Swift on PATH, or where swiftly puts it, which only shells that are opened later look into.
find_swift() {
  local bin=${SWIFTLY_BIN_DIR:-${HOME:-}/.local/share/swiftly/bin}
  command -v swift >/dev/null || [[ ! -x $bin/swift ]] || PATH=$PATH:$bin
  command -v swift >/dev/null
}

# Goes on only with a Swift that can build dermc.
require_swift() {
  local output version
  find_swift ||
    stop "swift not found: scripts/demo installs it, or do that yourself ($swift_page, $oldest_swift or newer)"
  output=$(swift --version 2>&1) ||
    stop "swift --version fails: $output"
  [[ $output =~ Swift\ version\ ([0-9.]+) ]] ||
    stop "swift --version tells no version: $output"
  version=${BASH_REMATCH[1]}
  new_enough "$version" ||
    stop "Swift $version is too old: dermc needs $oldest_swift or newer, from $swift_page"
}

# Prints the path of the clang that comes with Swift.
swift_clang() {
  local clang
  clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
  [[ -x $clang ]] || clang=$(command -v clang) ||
    stop "clang not found: it is in the bin folder of Swift's toolchain; put that on PATH"
  say "$clang"
}

# Prints the packages that are not installed, a line each.
missing_packages() {
  local entry tools
  command -v git >/dev/null || say git
  command -v pkg-config >/dev/null || say pkg-config
  # Swift links with the system's compiler for C++: its start files, its library, its headers.
  command -v g++ >/dev/null || say g++
  for entry in "${libraries[@]}"; do
    if command -v dpkg-query >/dev/null; then
      [[ $(dpkg-query -W -f='${db:Status-Status}' "${entry%%:*}" 2>/dev/null) == installed ]] || say "${entry%%:*}"
    else
      pkg-config --exists "${entry##*:}" 2>/dev/null || say "${entry%%:*}"
    fi
  done
  if find_swift; then
    tools=$(dirname "$(readlink -f "$(command -v swift)")")
    [[ $(ldd "$tools/swift-build" 2>/dev/null) != *"not found"* ]] || say "${toolchain_packages[@]}"
  fi
}

# Sets root to what is put before commands of root; goes on only where there is a way to be root, else names what root
# has to run.
require_root() {
  root=()
  (($(id -u) == 0)) && return
  command -v sudo >/dev/null ||
    stop "not root and sudo not found: as root run $*"
  root=(sudo)
}

# Reads the lists of packages, once for a script, with root from require_root.
apt_update() {
  [[ -z ${apt_updated:-} ]] || return 0
  "${root[@]}" apt-get update -qq ||
    stop "apt-get update failed: the message above says why"
  apt_updated=yes
}

# Installs packages by apt, and says so before it does.
apt_install() {
  local missing=("$@") root
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null ||
    stop "apt-get not found: install these yourself, by the names your system has for them: ${missing[*]}"
  require_root "apt-get install ${missing[*]}"
  say "Installing ${missing[*]}: ${root[*]:+with ${root[*]}, }apt-get update and apt-get install"
  apt_update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" ||
    stop "apt-get install ${missing[*]} failed: the message above says why"
}

# Installs the libraries that are missing.
install_packages() {
  local missing=()
  mapfile -t missing < <(missing_packages)
  apt_install "${missing[@]}"
}

# Prints the version of Swift that apt has. Arguments are a command that runs apt elsewhere.
apt_swift() { "$@" env LC_ALL=C apt-cache policy swiftlang | sed -n 's/^ *Candidate: //p'; }

# Installs Swift: from apt, where that has one that can build dermc, else by Swift's own installer, if that is wanted.
install_swift() {
  local candidate='' root answer
  if command -v apt-get >/dev/null; then
    # Without a way to be root, what apt knows already must do.
    if (($(id -u) == 0)) || command -v sudo >/dev/null; then
      require_root
      apt_update
    fi
    candidate=$(apt_swift)
    if new_enough "$candidate"; then
      say "Swift $candidate comes from apt: 600 MB to download, 3 GB on disk, some minutes"
      apt_install swiftlang
      return
    fi
  fi
  say "Swift is not installed, and no apt here has $oldest_swift or newer. Its own installer, swiftly ($swift_page)," \
    "puts Swift $tested_swift into your home folder: 1 GB to download, 4 GB on disk, 5 to 15 minutes."
  if [[ -z ${assume_yes:-} ]]; then
    [[ -t 0 ]] ||
      stop "nobody is there to be asked whether to install Swift: pass --yes, or install it yourself ($swift_page)"
    read -rp "Install it? [y/N] " answer || answer=''
    [[ $answer == [yY]* ]] ||
      stop "Swift is not installed: dermc is built with it. Who does not build takes the wheel (README.md, In an app)"
  fi
  run_swiftly
  find_swift || stop "swiftly has installed Swift, but not where it is looked for: open a new shell and run this again"
  say "To have Swift in your shell, too: PATH=\$PATH:$(dirname "$(command -v swift)")"
}

# Downloads swiftly, unless it is there, and has it install Swift, as its documentation (https://www.swift.org/swiftly)
# says for installations that nobody attends.
run_swiftly() (
  missing=()
  command -v curl >/dev/null || missing+=(curl ca-certificates)
  command -v gpg >/dev/null || missing+=(gnupg)
  apt_install "${missing[@]}"

  # Not in the system's temporary folder, which may be too small for a toolchain.
  mkdir -p .build
  work=$(mktemp -d "$PWD/.build/swiftly.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export TMPDIR=$work
  bin=${SWIFTLY_BIN_DIR:-${HOME:?}/.local/share/swiftly/bin}
  if [[ ! -x $bin/swiftly ]]; then
    archive=swiftly-$(uname -m).tar.gz
    say "Downloading swiftly"
    for url in download.swift.org/swiftly/linux/"$archive"{,.sig} www.swift.org/keys/all-keys.asc; do
      curl -fsSL --proto =https --connect-timeout 30 --retry 2 -o "$work/${url##*/}" "https://$url" ||
        stop "https://$url cannot be downloaded, as it says above: install Swift another way ($swift_page)"
    done
    mkdir -m 700 "$work/keys"
    { gpg --homedir "$work/keys" --batch --quiet --import "$work/all-keys.asc" &&
      gpg --homedir "$work/keys" --batch --quiet --verify "$work/$archive.sig" "$work/$archive"; } 2>"$work/log" || {
      cat "$work/log" >&2
      stop "the signature of https://download.swift.org/swiftly/linux/$archive is not Swift's: nothing of it was run"
    }
    tar -xzf "$work/$archive" -C "$work" || stop "$archive cannot be unpacked, as it says above"
    # From elsewhere, since swiftly takes a project's folder as the place for the project's choice of a version.
    (cd / && "$work/swiftly" init --assume-yes --quiet-shell-followup --skip-install </dev/null) ||
      stop "swiftly cannot be installed, as it says above: install Swift another way ($swift_page)"
  fi
  (cd / && "$bin/swiftly" install --assume-yes --use --post-install-file="$work/packages" "$tested_swift" </dev/null) ||
    stop "swiftly cannot install Swift $tested_swift, as it says above: install Swift another way ($swift_page)"
  [[ -s $work/packages ]] || return 0
  # The packages this toolchain wants, as a command for root.
  say "Installing what Swift needs:" "$(<"$work/packages")"
  require_root "$(<"$work/packages")"
  ! command -v apt-get >/dev/null || apt_update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive sh "$work/packages" ||
    stop "installing what Swift needs failed: the message above says why"
)

# All a build needs, from the root of the project. The option --yes answers the question whether to install Swift.
set_up() {
  local option
  for option; do
    [[ $option == --yes ]] ||
      stop "$option is no option: there is --yes alone, which installs Swift, where it is missing, without a question"
    assume_yes=yes
  done
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  # A Swift that is too old stops this before anything is installed for it.
  ! find_swift || ! swift --version >/dev/null 2>&1 || require_swift
  install_packages
  find_swift || install_swift
  require_swift
}

# Prints the folder of Swift's library, as in /usr/lib/swift.
swift_folder() { swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p'; }

# Builds and runs all tests in a configuration (release or debug), with more options for swift test. Of the runner's words
# failures and the closing line are shown.
#
# Tests have build folders of their own, since modules that tests may look into are compiled differently and would undo
# what `swift build` has done.
run_tests() {
  local configuration=$1 options=()
  shift
  # Debian's Swift lacks the library for tests that import Foundation, and links it all the same. No test here does.
  [[ -e $(swift_folder)/linux/lib_Testing_Foundation.so ]] ||
    options=(-Xswiftc -Xfrontend -Xswiftc -disable-cross-import-overlays)
  swift test -c "$configuration" --disable-xctest --explicit-target-dependency-import-check error \
    "${options[@]}" "$@" 2>&1 |
    sed -u -e '/Test run with/b' -e '/^[◇✔]/d' -e '/ started\.$/d'
}

# Goes on only with a Python that makes environments.
require_python() { python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3 python3-venv; }

# python_environment NAME PACKAGE...: an environment of Python with packages under .build, made where it is not there.
python_environment() {
  local folder=.build/environments/$1
  shift
  [[ -f $folder/packages && $(<"$folder/packages") == "$*" ]] && return
  say "Installing $* into $folder"
  require_python
  python3 -m venv --clear "$folder" || stop "python3 -m venv fails, as it says above"
  "$folder/bin/pip" install --quiet "$@" || return
  printf '%s' "$*" >"$folder/packages"
}

# distributed_environment "$@": an environment of Python with the wheel and Dask in it, as `environment`; where the arguments
# begin with --built, with the wheel that out/python has. Sets `arguments`, the rest of them.
distributed_environment() {
  arguments=("$@")
  environment=.build/environments/distributed
  require_python
  python_environment distributed numpy dask distributed aiohttp || stop "pip cannot install Dask"
  if [[ ${1:-} == --built ]]; then arguments=("${@:2}"); else scripts/build-wheel; fi
  "$environment/bin/pip" install --quiet --force-reinstall --no-deps out/python/*.whl
}

# Sets `dermc` to the program: $DERMC, or whichever has been built, or one that is built now.
find_dermc() {
  for dermc in "${DERMC:-}" .build/release/dermc .build/tests/release/dermc; do
    [[ ! -x $dermc ]] || return 0
  done
  swift build -c release --product dermc
  dermc=.build/release/dermc
}

readonly arm64_triple=aarch64-unknown-linux-gnu

# require_arm64 WHAT IS: goes on only where it can be built for ARM64 and run on an emulated processor; where Debian's
# packages for that cannot be had, says that it is not checked, and ends well.
require_arm64() {
  scripts/arm64-toolchain || {
    (($? == 75)) || exit 1
    say "$* not checked for ARM64: what builds it cannot be had, as it says above"
    exit 0
  }
  command -v qemu-aarch64 >/dev/null || apt_install qemu-user
}

# read_architecture "$@": what a build of the runtime half takes that is for this machine or, where the arguments begin
# with --arch arm64, for ARM64 Linux. Sets `arguments`, the rest of them, and `for_architecture`, those two; `out`, the
# folder for what is built; `architecture` as the compiler's folders name it; `swift_build` and `swiftc`, the compilers'
# commands; `swift_library`, the folder of Swift's static library, and `swift_objects`, what it takes besides;
# `swift_sysroot`, the other system's files; `binutils`, before the names of strip and its like.
read_architecture() {
  arguments=("$@")
  for_architecture=()
  out=out
  architecture=$(uname -m)
  swift_build=(swift build --scratch-path .build/runtime)
  swiftc=(swiftc)
  swift_library=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/swift_static
  swift_objects=()
  swift_sysroot=
  binutils=
  [[ ${1:-} == --arch ]] || return 0
  [[ ${2:-} == arm64 ]] || stop "--arch ${2:-}: arm64 is the only other architecture"
  arguments=("${@:3}")
  [[ $architecture != aarch64 ]] || return 0
  scripts/arm64-toolchain || exit
  command -v aarch64-linux-gnu-strip >/dev/null || apt_install binutils-aarch64-linux-gnu
  for_architecture=(--arch arm64)
  local folder=$PWD/.build/arm64
  out=out/arm64
  swift_sysroot=$folder/sysroot
  architecture=aarch64
  swift_build=(
    swift build --scratch-path .build/runtime-arm64 --swift-sdks-path "$folder/sdks" --swift-sdk "$arm64_triple"
  )
  swift_library=$swift_sysroot/usr/lib/swift_static
  swift_objects=("$folder/c23.o")
  swiftc=(
    "$folder/bin/swiftc" -target "$arm64_triple" -sdk "$swift_sysroot" -resource-dir "$swift_library"
    -Xclang-linker "--sysroot=$swift_sysroot" "${swift_objects[@]}"
  )
  binutils=aarch64-linux-gnu-
  # Where the libraries of the other architecture are.
  export PKG_CONFIG_SYSROOT_DIR=$swift_sysroot
  export PKG_CONFIG_PATH=$swift_sysroot/usr/lib/aarch64-linux-gnu/pkgconfig
}

# The oldest glibc that a program or library runs on: by the symbols it asks for, and by packed relocations.
oldest_glibc() {
  {
    readelf --version-info --wide "$1" | grep -o 'GLIBC_[0-9.]*'
    ! readelf --dynamic "$1" | grep -q '(RELR)' || say GLIBC_2.36
  } | sort --version-sort | sed -n '$s/GLIBC_/glibc /p'
}

# Prints the path of a Chromium, or stops.
browser() {
  local name
  for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  stop "chromium not found: apt-get install chromium, or name one in the variable CHROMIUM"
}
