#!/bin/sh
# Installs Secondline into .venv, and with the argument `test` what its tests need as well.
# Needs Python 3.11 or newer and the package registries; uses apt for what pip cannot bring.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

want_tests=no
case "${1:-}" in
    "") ;;
    test) want_tests=yes ;;
    *) fail "Usage: sh install.sh [test]" ;;
esac

# Runs a command as root: directly, or by sudo, which may ask for a password on a terminal.
may_be_root() {
    [ "$(id -u)" = 0 ] ||
        { command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }
}

as_root() {
    may_be_root || return 1
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 && may_be_root || return 1
    say "Installing $* with apt …"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >&2
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# --- Python ---

if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python &&
    .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    python=""
    for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || fail "Secondline needs Python 3.11 or newer, and found none. On Debian 12 or
Ubuntu 24.04 and later: apt-get install python3 python3-venv. Or name one: PYTHON=/path/to/python3"

    # Debian and Ubuntu ship venv without what it needs to put pip into the environment
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
        apt_install "$package" || fail "Python's venv module is missing. Please type, as root:
  apt-get update && apt-get install -y $package
and then start this again."
    fi
    rm -rf .venv
    "$python" -m venv .venv
fi

# --- the service ---

what=.
[ "$want_tests" = no ] || what='.[test]'
say "Installing Secondline into .venv (a minute the first time) …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$what"

[ "$want_tests" = yes ] || exit 0

# --- a browser for the tests ---

# Chromium in a snap cannot see the tests' files; a stub that only tells about the snap is none.
runs() {
    version=$("$1" --version 2>/dev/null) || return 1
    case "$version" in
        *snap*) return 1 ;;
        *Chrom*) return 0 ;;
        *) return 1 ;;
    esac
}

# The same places where tests/conftest.py looks.
find_browser() {
    for name in ${SECONDLINE_CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name" 2>/dev/null) && runs "$path" && return 0
    done
    path=$(.venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null) && runs "$path"
}

find_browser && exit 0
say "Installing a browser for the tests …"
# Ubuntu's own package is a stub for a snap
grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null || { apt_install chromium || true; }
find_browser && exit 0
as_root .venv/bin/python -m playwright install-deps chromium >&2 || true
.venv/bin/python -m playwright install chromium >&2 || true
find_browser && exit 0
fail "No browser could be installed for the tests. Please type, as root:
  apt-get update && apt-get install -y chromium
(on Ubuntu: install Google Chrome, its chromium is a snap), and then start this again.
A browser in another place is found by its path in SECONDLINE_CHROMIUM."
