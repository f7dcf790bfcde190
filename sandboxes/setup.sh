#!/bin/sh
# Brings what trials run in: a container engine that answers, its compose and buildx plugins, the base
# image, the agent image.
#
#   sandboxes/setup.sh               all of it, for the agent_folder of program.md
#   sandboxes/setup.sh base trixie   only the engine and the base image of another Debian suite
#
# Uses the engine that DOCKER_HOST names, else the local Docker socket; where none answers, as root
# on Debian or Ubuntu, installs Debian's docker.io and starts dockerd. Says one line for each thing
# it did; does nothing, quickly, when all is there. Never touches other containers or images.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
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
  pin_bridge
}

# Without an address of its own the bridge takes the lowest one among its ports, so that it changes
# as containers come and go, and every connection over it stalls for seconds.
pin_bridge() {
  own=/sys/class/net/docker0/address
  if have ip && [ -r "$own" ]; then
    ip link set docker0 address "$(cat "$own")" 2>/dev/null || say "docker0 could not be pinned."
  fi
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

# --- the plugins --------------------------------------------------------------------------------

# Tasks of several containers take compose; Dockerfiles with mounts and the like take buildx. All
# other tasks run without them, so what cannot be brought is only said.
bring_plugins() {
  wanted=
  for plugin in compose buildx; do
    has_plugin "$plugin" || wanted="$wanted $plugin"
  done
  [ -n "$wanted" ] || return 0
  if ! have docker; then
    say "There is no docker command line: tasks with a docker-compose.yaml cannot run."
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  install_plugins $wanted || true
  for plugin in $wanted; do
    if has_plugin "$plugin"; then
      say "Installed the $plugin plugin of docker."
    else
      say "The $plugin plugin of docker is missing and could not be installed: $(loss_of "$plugin")."
    fi
  done
}

has_plugin() { have docker && timeout 20 docker "$1" version >/dev/null 2>&1; }

loss_of() {
  case $1 in
    compose) say "tasks with a docker-compose.yaml cannot run" ;;
    *) say "Dockerfiles with RUN --mount and the like cannot be built" ;;
  esac
}

install_plugins() {
  have apt-get && have dpkg || return 1
  case $(of_release ID) in
    ubuntu) install_ubuntu_plugins "$@" ;;
    debian) install_debian_plugins "$@" ;;
    *) return 1 ;;
  esac
}

of_release() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release; }

install_ubuntu_plugins() {
  [ "$(id -u)" = 0 ] || return 1
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >/dev/null 2>&1 || true
  for plugin in "$@"; do
    case $plugin in compose) package=docker-compose-v2 ;; *) package=docker-$plugin ;; esac
    apt-get -qq install -y --no-install-recommends "$package" >/dev/null 2>&1 || true
  done
}

# Bookworm has neither plugin; trixie's run there, need nothing else, and touch nothing of apt's.
install_debian_plugins() {
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(mirror_of_host /etc/apt)
  [ -n "$mirror" ] && [ -f "$keyring" ] || return 1
  place=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
  if [ "$(id -u)" = 0 ] && [ -z "${DOCKER_CONFIG:-}" ]; then
    place=/usr/local/lib/docker/cli-plugins
  fi
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/autoloop-plugins.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 130' INT TERM
  mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
  printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$mirror" >"$scratch/list"
  for plugin in "$@"; do
    (
      cd "$scratch"
      [ -n "$(ls lists/*Packages* 2>/dev/null)" ] || apt_apart update
      apt_apart download "docker-$plugin"
      dpkg -x docker-"$plugin"_*.deb "$plugin"
      mkdir -p "$place"
      install -m 755 "$plugin/usr/libexec/docker/cli-plugins/docker-$plugin" "$place/"
    ) >>"$scratch/log" 2>&1 || true
  done
  rm -rf "$scratch"
  trap - EXIT INT TERM
}

apt_apart() {
  apt-get -qq -o Dir::Etc::sourcelist="$scratch/list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch/cache" -o Debug::NoLocking=1 \
    -o APT::Sandbox::User="$(id -un)" "$@"
}

# Where this machine gets its own Debian from; apt's folder is the argument.
mirror_of_host() {
  codename=$(of_release VERSION_CODENAME)
  {
    sed -n 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' \
      "$1"/sources.list "$1"/sources.list.d/*.list 2>/dev/null |
      awk -v suite="$codename" '$2 == suite { print $1 }'
    for sources in "$1"/sources.list.d/*.sources; do
      [ -f "$sources" ] || continue
      sed '/^#/d' "$sources" | awk -v suite="$codename" '
        BEGIN { RS = ""; FS = "\n" }
        {
          address = ""; fits = 0
          for (i = 1; i <= NF; i++) {
            count = split($i, word, /[ \t]+/)
            if (tolower(word[1]) == "uris:") address = word[2]
            if (tolower(word[1]) == "suites:")
              for (j = 2; j <= count; j++) if (word[j] == suite) fits = 1
          }
          if (fits && address != "") print address
        }'
    done
  } | grep -E -m 1 '^(https?|file|ftp):' || true
}

# --- the base images -----------------------------------------------------------------------------

has_image() {
  if have docker; then
    docker image inspect "$1" >/dev/null 2>&1
  else
    "$python" -c 'import docker, sys; docker.from_env().images.get(sys.argv[1])' "$1" 2>/dev/null
  fi
}

build_from_registry() {
  have docker || return 1
  docker image inspect "debian:$suite-slim" >/dev/null 2>&1 ||
    timeout 20 docker pull -q "debian:$suite-slim" >/dev/null 2>&1 || return 1
  # The classic builder: buildx may be missing.
  DOCKER_BUILDKIT=0 docker build -q -t "$base" - >/dev/null 2>&1 <<DOCKERFILE
FROM debian:$suite-slim
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
  debootstrap --variant=minbase --include="$packages" "$suite" "$folder/root" \
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

# The Debian suite is the argument.
bring_base_image() {
  suite=$1
  base=autoloop/base:$suite
  has_image "$base" && return 0
  if build_from_registry; then
    say "Built $base from debian:$suite-slim."
  else
    say "No registry answers; making $base with debootstrap, which takes some minutes."
    build_with_debootstrap
    say "Imported $base."
  fi
}

# --- the agent image ----------------------------------------------------------------------------

is_installed='import sys; from importlib.util import find_spec
sys.exit(not (find_spec("autoloop") and find_spec("docker")))'

# As program.md says, which the library reads better; here it only decides what is made beforehand.
agent_folder() {
  named=$(sed -n 's/^agent_folder:[[:space:]]*["'"'"']\{0,1\}\([^"'"'"'#]*[^"'"'"'#[:space:]]\).*$/\1/p' \
    "$root/program.md" 2>/dev/null | head -n 1)
  say "${named:-sandboxes/agent}"
}

bring_agent_image() {
  folder=$(agent_folder)
  for suite in $(sed -n 's|^FROM[[:space:]].*autoloop/base:\([a-z]*\).*|\1|p' "$root/$folder/Dockerfile" \
    2>/dev/null); do
    bring_base_image "$suite"
  done
  if (cd "$root" && "$python" -c "$is_installed"); then
    (cd "$root" && "$python" -m autoloop.sandbox "$root" "$folder")
  else
    say "The agent image is built by the first climb, since autoloop is not installed yet."
  fi
}

case ${1:-all} in
  all)
    bring_engine
    bring_plugins
    bring_base_image bookworm
    bring_agent_image
    ;;
  base)
    [ -n "${2:-}" ] || fail "Name the Debian suite, for example: sandboxes/setup.sh base trixie"
    bring_engine
    bring_base_image "$2"
    ;;
  *) fail "There is no '$1': write sandboxes/setup.sh, or sandboxes/setup.sh base SUITE." ;;
esac
