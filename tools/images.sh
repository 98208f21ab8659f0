#!/usr/bin/env bash
# Builds the images from wheels/ and prints their sizes; fails if an image exceeds its limit.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TAG=${TAG:-latest} BASE_IMAGE=${BASE_IMAGE:-python:3.11-slim-bookworm}
declare -A LIMITS_MB=([channel]=250 [device-light]=200)
readonly LIMITS_MB

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name in channel certs device-light device basestation bench; do
    docker build --network none --force-rm --target "$name" --tag "splitwave/$name:$TAG" \
        --build-arg "BASE_IMAGE=$BASE_IMAGE" . >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    megabytes=$(($(docker image inspect --format '{{.Size}}' "splitwave/$name:$TAG") / 1000000))
    printf 'image %-30s %5d MB\n' "splitwave/$name:$TAG" "$megabytes"
    if ((megabytes > ${LIMITS_MB[$name]:-megabytes})); then
        echo "tools/images.sh: splitwave/$name exceeds ${LIMITS_MB[$name]} MB" >&2
        exit 1
    fi
done
