# Set-up shared by the scripts beside it: what must be there before anything can be built. To be sourced, not run.

# The libraries dermc links, and those it loads where they are needed (OpenBLAS, libsodium for signatures, libtiff and
# libwebp for such images): Debian package and pkg-config module of each.
readonly libraries=(
  libprotobuf-c-dev:libprotobuf-c
  zlib1g-dev:zlib
  libopenblas0:openblas
  libjpeg-dev:libjpeg
  libpng-dev:libpng
  libsodium23:libsodium
  libtiff-dev:libtiff-4
  libwebp-dev:libwebp
)
readonly oldest_swift=6.2

# How the runtime half is compiled for devices: with Swift's library inside, by the toolchain's own linker, since only
# that knows all that is asked of it; without gradients of operators, which only compiling asks for, and which the linker
# would keep since they are looked up by name; functions in sections of their own, and public ones not held for others
# that may call them, so that the linker leaves out what is not called.
readonly runtime_options=(
  -c release --scratch-path .build/runtime --static-swift-stdlib
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

# Goes on only with a Swift that can build dermc; scripts do not install one.
require_swift() {
  local output version
  command -v swift >/dev/null ||
    stop "swift not found: install Swift $oldest_swift or newer from https://www.swift.org/install/linux and put it on PATH"
  output=$(swift --version 2>&1) ||
    stop "swift --version fails: $output"
  [[ $output =~ Swift\ version\ ([0-9]+\.[0-9]+) ]] ||
    stop "swift --version tells no version: $output"
  version=${BASH_REMATCH[1]}
  # Fields are compared as numbers: 6.10 is newer than 6.2.
  if ((${version%.*} < ${oldest_swift%.*} ||
    (${version%.*} == ${oldest_swift%.*} && ${version#*.} < ${oldest_swift#*.}))); then
    stop "Swift $version is too old: dermc needs $oldest_swift or newer, from https://www.swift.org/install/linux"
  fi
}

# Prints the packages that are not installed, a line each.
missing_packages() {
  local entry
  command -v git >/dev/null || say git
  command -v pkg-config >/dev/null || say pkg-config
  for entry in "${libraries[@]}"; do
    if command -v dpkg-query >/dev/null; then
      [[ $(dpkg-query -W -f='${db:Status-Status}' "${entry%%:*}" 2>/dev/null) == installed ]] || say "${entry%%:*}"
    else
      pkg-config --exists "${entry##*:}" 2>/dev/null || say "${entry%%:*}"
    fi
  done
}

# Installs packages by apt, and says so before it does.
apt_install() {
  local missing=("$@") root=()
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null ||
    stop "apt-get not found: install these yourself, by the names your system has for them: ${missing[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      stop "not root and sudo not found: as root run apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "Installing ${missing[*]}: ${root[*]:+with ${root[*]}, }apt-get update and apt-get install"
  "${root[@]}" apt-get update -qq ||
    stop "apt-get update failed: the message above says why"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" ||
    stop "apt-get install ${missing[*]} failed: the message above says why"
}

# Installs the libraries that are missing.
install_packages() {
  local missing=()
  mapfile -t missing < <(missing_packages)
  apt_install "${missing[@]}"
}

# All a build needs, from the root of the project.
set_up() {
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  require_swift
  install_packages
}

# Builds and runs all tests in a configuration (release or debug), with more options for swift test. Of the runner's words
# failures and the closing line are shown.
#
# Tests have build folders of their own, since modules that tests may look into are compiled differently and would undo
# what `swift build` has done.
run_tests() {
  local configuration=$1
  shift
  swift test -c "$configuration" --disable-xctest --explicit-target-dependency-import-check error "$@" 2>&1 |
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
