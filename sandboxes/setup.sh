#!/bin/sh
# Brings what trials run in: a container engine that answers, the base image, the agent image.
#
# Uses the engine that DOCKER_HOST names, else the local Docker socket; where none answers, as root
# on Debian or Ubuntu, installs Debian's docker.io and starts dockerd. Says one line for each thing
# it did; does nothing, quickly, when all is there. Never touches other containers or images.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
base=autoloop/base:bookworm
packages=python3,python3-openpyxl,python3-yaml,python3-pytest,sqlite3,procps,ca-certificates
packages=$packages,jq,git,make,file,less
log=/var/log/autoloop-dockerd.log
# The command line would also follow docker contexts, which the library does not.
DOCKER_HOST=${DOCKER_HOST:-unix:///var/run/docker.sock}
export DOCKER_HOST

python=python3
if [ -x "$root/.venv/bin/python" ]; then python=$root/.venv/bin/python; fi

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- the engine ---------------------------------------------------------------------------------

engine_answers() {
  if have docker; then
    timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
    return
  fi
  "$python" - "$DOCKER_HOST" <<'PYTHON' 2>/dev/null
import socket, sys, urllib.parse
address = urllib.parse.urlsplit(sys.argv[1])
if address.scheme == "unix":
    engine = socket.socket(socket.AF_UNIX)
    engine.settimeout(20)
    engine.connect(address.path)
else:
    engine = socket.create_connection((address.hostname, address.port or 2375), timeout=20)
engine.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
sys.exit(b" 200 " not in engine.recv(100))
PYTHON
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  missing=
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  apt-get -qq update >/dev/null || say "apt-get update had problems; trying to install anyway."
  # shellcheck disable=SC2086 # a list of words
  apt-get -qq install -y --no-install-recommends $missing >/dev/null ||
    fail "apt-get could not install$missing: install it by hand and run sandboxes/setup.sh again."
  say "Installed$missing."
}

can_install() { [ "$(id -u)" = 0 ] && have apt-get && have dpkg; }

start_engine() {
  if ! have dockerd; then
    apt_install docker.io iptables procps
    # The package may have started the service itself.
    wait_for_engine 5 && return 0
  fi
  if [ -d /run/systemd/system ] && systemctl start docker >/dev/null 2>&1; then
    wait_for_engine 60 && say "Started the docker service." && return 0
  fi
  # A pid file from before a crash or a copy of the machine keeps dockerd from starting.
  if [ -f /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then
    rm -f /var/run/docker.pid
  fi
  setsid nohup dockerd >>"$log" 2>&1 </dev/null &
  wait_for_engine 60 || fail "dockerd does not answer after 60 s; the end of its log $log:
$(tail -n 15 "$log")"
  say "Started dockerd; its log is $log."
}

wait_for_engine() {
  tries=$(($1 * 2))
  while [ "$tries" -gt 0 ]; do
    engine_answers && return 0
    sleep 0.5
    tries=$((tries - 1))
  done
  return 1
}

bring_engine() {
  engine_answers && return 0
  [ "$DOCKER_HOST" = unix:///var/run/docker.sock ] ||
    fail "No engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST."
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    fail "You may not use /var/run/docker.sock: join the group that owns it (usually docker), or run this as root."
  fi
  can_install || have_engine_of_root ||
    fail "No container engine answers: install Docker or Podman (on Debian or Ubuntu run this script as root) and start it."
  start_engine
}

have_engine_of_root() { [ "$(id -u)" = 0 ] && have dockerd; }

# --- the base image -----------------------------------------------------------------------------

has_image() {
  if have docker; then
    docker image inspect "$1" >/dev/null 2>&1
  else
    "$python" -c 'import docker, sys; docker.from_env().images.get(sys.argv[1])' "$1" 2>/dev/null
  fi
}

build_from_registry() {
  have docker || return 1
  docker image inspect debian:bookworm-slim >/dev/null 2>&1 ||
    timeout 20 docker pull -q debian:bookworm-slim >/dev/null 2>&1 || return 1
  # The classic builder: buildx is not part of Debian's package.
  DOCKER_BUILDKIT=0 docker build -q -t "$base" - >/dev/null 2>&1 <<DOCKERFILE
FROM debian:bookworm-slim
ENV LANG=C.UTF-8
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends $(printf '%s' "$packages" | tr ',' ' ') \
 && rm -rf /var/lib/apt/lists/*
CMD ["bash"]
DOCKERFILE
}

build_with_debootstrap() {
  can_install || have_debootstrap_of_root ||
    fail "No registry answers, and making $base without one takes debootstrap and root: run sandboxes/setup.sh as root on Debian or Ubuntu."
  have debootstrap || apt_install debootstrap debian-archive-keyring
  folder=$(mktemp -d /var/tmp/autoloop-base.XXXXXX)
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 130' INT TERM
  debootstrap --variant=minbase --include="$packages" bookworm "$folder/root" \
    >"$folder/log" 2>&1 || fail "debootstrap failed; the end of its log:
$(tail -n 15 "$folder/log")"
  rm -rf "$folder"/root/var/cache/apt/* "$folder"/root/var/lib/apt/lists/* \
    "$folder"/root/var/log/bootstrap.log
  import_image "$folder/root"
  rm -rf "$folder"
  trap - EXIT INT TERM
}

have_debootstrap_of_root() { [ "$(id -u)" = 0 ] && have debootstrap; }

import_image() {
  if have docker; then
    tar -C "$1" --numeric-owner -c . |
      docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["bash"]' - "$base" >/dev/null
  else
    tar -C "$1" --numeric-owner -c . | "$python" -c '
import docker, sys
name, _, tag = sys.argv[1].partition(":")
docker.from_env(timeout=900).api.import_image_from_stream(
    sys.stdin.buffer, repository=name, tag=tag, changes=["ENV LANG=C.UTF-8", "CMD [\"bash\"]"])
' "$base"
  fi
  has_image "$base" || fail "The engine did not take $base: look at its log, and for disk space."
}

bring_base_image() {
  has_image "$base" && return 0
  if build_from_registry; then
    say "Built $base from debian:bookworm-slim."
  else
    say "No registry answers; making $base with debootstrap, which takes some minutes."
    build_with_debootstrap
    say "Imported $base."
  fi
}

# --- the agent image ----------------------------------------------------------------------------

is_installed='import sys; from importlib.util import find_spec
sys.exit(not (find_spec("autoloop") and find_spec("docker")))'

bring_agent_image() {
  if (cd "$root" && "$python" -c "$is_installed"); then
    (cd "$root" && "$python" -m autoloop.sandbox "$root")
  else
    say "The agent image is built by the first climb, since autoloop is not installed yet."
  fi
}

bring_engine
bring_base_image
bring_agent_image
