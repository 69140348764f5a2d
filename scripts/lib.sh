# Steps shared by scripts/up and scripts/test. Each may be run again after any interruption: what is finished is
# noted last, in .venv/.twin, and only then left out the next time. Registries are those the machine is set up for.
# shellcheck shell=bash

MARKS=.venv/.twin
export npm_config_update_notifier=false # no request that nobody asked for

say() { printf '%s\n' "$@" >&2; }

fail() {
  say ""
  say "$@"
  exit 1
}

hash_of() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

is_done() { [ "$(cat "$MARKS/$1" 2>/dev/null)" = "$2" ]; }

mark_done() {
  mkdir -p "$MARKS"
  printf '%s' "$2" >"$MARKS/$1.new"
  mv "$MARKS/$1.new" "$MARKS/$1"
}

# --- what only an administrator can add -----------------------------------------------------------------------

may_install() {
  case ${TWIN_SYSTEM_PACKAGES:-true} in [Ff]alse | FALSE | 0 | no | off) return 1 ;; esac
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

install_packages() {
  local prefix=()
  [ "$(id -u)" = 0 ] || prefix=(sudo -n)
  prefix+=(env DEBIAN_FRONTEND=noninteractive)
  local apt=("${prefix[@]}" apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  say "+ apt-get install $*"
  # A killed run leaves packages half-configured.
  "${prefix[@]}" dpkg --configure -a >&2 && "${apt[@]}" update >&2 && "${apt[@]}" install --yes --no-install-recommends "$@" >&2
}

# --- Python ---------------------------------------------------------------------------------------------------

good_python() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

find_python() {
  local name
  for name in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
    if [ -n "$name" ] && command -v "$name" >/dev/null && good_python "$name"; then
      command -v "$name"
      return
    fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed: install it, or name it: PYTHON=/path/to/python3 $0" \
    "需要 Python 3.11–3.13：请安装，或用 PYTHON=… 指明。"
}

venv_works() {
  [ -x .venv/bin/python ] && [ "$(cat "$MARKS/place" 2>/dev/null || pwd)" = "$(pwd)" ] && good_python .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1
}

make_venv() {
  venv_works && return
  local python
  python=$(find_python)
  say "Making the virtual environment .venv with $("$python" --version) ... 正在建立虚拟环境……"
  rm -rf .venv
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    add_venv_package "$python"
  fi
  if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv .venv
  else
    make_venv_without_ensurepip "$python"
  fi
  venv_works || fail "The virtual environment could not be made, see above." "虚拟环境建立失败，原因见上。"
  mark_done place "$(pwd)" # a moved checkout needs a new one: its programs name the old place
}

# Debian keeps ensurepip in a package of its own.
add_venv_package() {
  may_install || return 0
  local package=python3-venv
  case $(readlink -f "$1") in
  /usr/bin/python3.*) package=$(basename "$(readlink -f "$1")")-venv ;;
  /usr/bin/*) ;;
  *) return 0 ;; # not the distribution's Python: its packages would not help
  esac
  install_packages "$package" || true
}

# Without root: pip's own wheel out of the distribution's package, fetched into a folder of ours.
make_venv_without_ensurepip() {
  local python=$1 folder=var/pip-wheel wheel
  say "This Python has no ensurepip (Debian: package python3-venv); fetching pip's wheel without root ..."
  if fetch_pip_wheel "$folder" && "$python" -m venv --without-pip .venv; then
    wheel=$(find "$folder" -name 'pip-*.whl' | head -n 1)
    .venv/bin/python "$wheel/pip" install --quiet --no-index --no-deps "$wheel" || rm -rf .venv
  fi
  rm -rf "$folder"
  [ -x .venv/bin/python ] || fail \
    "An administrator must add one package, then run this again:  apt-get install python3-venv" \
    "需要管理员安装一个软件包后重试：apt-get install python3-venv"
}

fetch_pip_wheel() {
  fetch_packages "$1" python3-pip-whl
}

# fetch_packages FOLDER PACKAGE…: without root, by lists of our own, unpacked into FOLDER/tree.
fetch_packages() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  local folder package
  rm -rf "$1"
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
  folder=$(realpath "$1")
  shift
  local options=(-o "Dir::State=$folder" -o "Dir::State::Lists=$folder/lists" -o Dir::State::status=/var/lib/dpkg/status
    -o "Dir::Cache=$folder/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
  apt-get "${options[@]}" -qq update >&2 || return 1
  (cd "$folder" && apt-get "${options[@]}" -qq download "$@" >&2) || return 1
  for package in "$folder"/*.deb; do
    dpkg-deb -x "$package" "$folder/tree" || return 1
  done
}

# install_locked LOCK: exactly what the lock names, checked by hash.
install_locked() {
  local lock=$1 want
  want=$(hash_of "$lock")
  is_done "$lock" "$want" && return
  say "Installing the Python packages of $lock ... 正在安装 Python 软件包……"
  local options=(--no-input --disable-pip-version-check --no-deps --require-hashes)
  [ -t 2 ] || options+=(--progress-bar off) # the names of the files show progress enough in a log
  PIP_USER=0 .venv/bin/python -m pip install "${options[@]}" -r "$lock" >&2 ||
    fail "pip could not install $lock, see above; run again to go on." "pip 安装失败，原因见上；修正后重新运行即可继续。"
  mark_done "$lock" "$want"
}

# The checkout itself needs no build: a path file and the command `twin`.
link_checkout() {
  .venv/bin/python scripts/link_checkout.py
}

# --- a font with Chinese --------------------------------------------------------------------------------------

# The first holds what is usual, the second the rare signs of names; 4 MB together.
FONT_PACKAGES=(fonts-wqy-microhei fonts-droid-fallback)

has_chinese_font() {
  .venv/bin/python -c 'import sys; from gis.style.fonts import list_faces; sys.exit(not list_faces())'
}

# Reports in PDF bring their letters along, from a font of this machine. Without one everything else works.
bring_chinese_font() {
  has_chinese_font && return
  say "Adding a font with Chinese for reports in PDF ... 正在安装中文字体……"
  if may_install && install_packages "${FONT_PACKAGES[@]}" && has_chinese_font; then
    return
  fi
  unpack_fonts && has_chinese_font && return
  say "No font with Chinese could be added: reports in PDF are refused until an administrator runs" \
    "  apt-get install ${FONT_PACKAGES[*]}" "未能安装中文字体：在管理员安装之前不提供 PDF 报告，其余功能不受影响。"
}

# Without root: into the fonts of this account.
unpack_fonts() {
  local folder=var/fonts target="${HOME:-}/.local/share/fonts/worktwin" status=0
  [ -n "${HOME:-}" ] && fetch_packages "$folder" "${FONT_PACKAGES[@]}" && mkdir -p "$target" &&
    find "$folder/tree" -name '*.tt[cf]' -type f -exec cp {} "$target/" \; || status=1
  rm -rf "$folder"
  return "$status"
}

# --- an allocator for model processes -------------------------------------------------------------------------

# Models take a tenth to a fifth less processor time with mimalloc (45 kB), whose package bears its version.
bring_allocator() {
  .venv/bin/python -c 'import sys; from bim.allocator import find_allocator; sys.exit(not find_allocator())' && return
  is_done allocator tried && return
  may_install && install_packages '^libmimalloc[0-9.]+$' || say "Going on without mimalloc: models only take longer." \
    "未安装 mimalloc：仅模型转换稍慢。"
  mark_done allocator tried
}

# --- Node and the front end -----------------------------------------------------------------------------------

good_node() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}

need_node() {
  good_node && return
  PATH="$PWD/.venv/bin:$PATH"
  good_node && return
  say "No Node.js 20.19+ or 22.12+ here; taking it from the Python packages ..."
  install_locked requirements-web.lock
  hash -r
  good_node || fail "Node.js does not run; install Node.js 22.12 or later." "Node.js 无法运行；请安装 22.12 以上版本。"
}

web_sources() {
  find web -path web/node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

build_front_end() {
  local want
  want=$(web_sources)
  [ -f api/dashboard/index.html ] && is_done front-end "$want" && [ "${1:-}" != with-modules ] && return
  need_node
  install_node_modules
  [ -f api/dashboard/index.html ] && is_done front-end "$want" && return
  say "Building the front end with Node $(node --version) ... 正在构建前端……"
  rm -f "$MARKS/front-end"
  npm --prefix web run build >&2 || fail "The front end could not be built, see above." "前端构建失败，原因见上。"
  mark_done front-end "$want"
}

install_node_modules() {
  local want
  want=$(hash_of web/package-lock.json)
  [ -d web/node_modules ] && is_done node-modules "$want" && return
  say "Fetching the front end's libraries ... 正在获取前端依赖……"
  rm -f "$MARKS/node-modules"
  npm --prefix web ci --no-audit --no-fund --include=dev >&2 || fail "npm could not fetch the libraries, see above; run again to go on." \
    "npm 获取依赖失败，原因见上；修正后重新运行即可继续。"
  mark_done node-modules "$want"
}

# --- an account without a home --------------------------------------------------------------------------------

# Keep pip's, npm's and our own data below the checkout where the account has no home folder to write to.
stand_in_for_home() {
  if [ -d "${HOME:-/nonexistent}" ] && [ -w "${HOME:-/nonexistent}" ]; then
    return
  fi
  mkdir -p var/home
  HOME=$(realpath var/home)
  export HOME
  say "This account has no writable home folder; using $HOME."
}
