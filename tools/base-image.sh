#!/usr/bin/env bash
# Provides the base image of the Dockerfile: uses an existing one, pulls it, or builds it from Debian's packages.
#
#   tools/base-image.sh [IMAGE]     default: $BASE_IMAGE, else python:3.11-slim-bookworm
#
# Building it requires root, debootstrap (installed if missing) and a Debian mirror: $MIRROR, else the one apt uses.
set -euo pipefail

readonly IMAGE=${1:-${BASE_IMAGE:-python:3.11-slim-bookworm}}
readonly SUITE=bookworm # its Python is 3.11
readonly PULL_LIMIT_S=300

main() {
    if docker image inspect "$IMAGE" >/dev/null 2>&1; then
        echo "base image: $IMAGE exists"
    elif timeout "$PULL_LIMIT_S" docker pull --quiet "$IMAGE" >/dev/null 2>&1; then
        echo "base image: pulled $IMAGE"
    else
        make_image
        echo "base image: built $IMAGE from Debian's packages"
    fi
}

make_image() {
    docker info >/dev/null 2>&1 || fail "no Docker Engine answers"
    [[ $EUID -eq 0 ]] || fail "$IMAGE cannot be pulled, and building it requires root"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    command -v debootstrap >/dev/null || install_debootstrap
    local mirror
    mirror=${MIRROR:-$(apt_mirror)}
    [[ -n $mirror ]] || fail "apt knows no mirror of Debian $SUITE: run apt-get update, or set MIRROR"

    # A subfolder, because "$scratch" has mktemp's mode 700, which would become the mode of the image's root.
    local root=$scratch/root
    echo "base image: $IMAGE cannot be pulled; building it from $mirror"
    logged debootstrap --variant=minbase --include=python3,python3-venv "$SUITE" "$root" "$mirror"
    slim "$root"
    ln -s /usr/bin/python3 "$root/usr/local/bin/python"
    tar --create --directory "$root" --one-file-system . \
        | docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' - "$IMAGE" >/dev/null
}

install_debootstrap() {
    command -v apt-get >/dev/null || fail "$IMAGE cannot be pulled, and building it requires debootstrap"
    logged apt-get update
    DEBIAN_FRONTEND=noninteractive logged apt-get install --yes --no-install-recommends debootstrap
}

logged() {
    "$@" >"$scratch/log" 2>&1 || fail "$*: $(tail -n 1 "$scratch/log")"
}

apt_mirror() {
    # shellcheck disable=SC2016 # apt's variables, not the shell's
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 2>/dev/null \
        | awk -v suite="$SUITE" '$1 == suite && $2 == "main" && !found { print $3; found = 1 }'
}

# Removes what Debian's slim images leave out, and files that only an interactive system needs.
slim() {
    local root=$1
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/tmp/* "$root"/run/* \
        "$root"/usr/share/{info,lintian,locale,man} "$root"/usr/share/i18n
    find "$root/usr/share/doc" -mindepth 1 -not -name copyright -not -type d -delete # licences stay
    find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
    find "$root" -name __pycache__ -type d -prune -exec rm -rf {} +
}

fail() {
    echo "tools/base-image.sh: $*" >&2
    exit 1
}

main
