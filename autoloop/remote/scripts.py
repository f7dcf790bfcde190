"""What is done inside a container when only its shell can be reached.

Plain POSIX sh with coreutils (or BusyBox) beside it: `base64`, `head`, `tail`, `wc`, `mktemp`, and
`tar` for folders. Answers are framed by lines that begin with a token, since a backend may mix
remarks of its own into the output, and are in base64, since it may not be clean for bytes.
"""

import base64
import binascii
import re
import shlex
from dataclasses import dataclass, field

SLICE_BYTES = 3_000_000
"""How much of a file one command brings; Harbor holds all output of a command in memory."""
INLINE_BYTES = 60_000
"""How much data is written as an argument of a command; the kernel takes 128 KiB."""

MISSING, LINK, IRREGULAR, TOO_LARGE, UNWRITABLE, UNCLEARED = 44, 45, 46, 47, 48, 49

# `kill` by what is in the environment: children inherit it, whatever group or session they are in.
_KILL_MARKED = r"""
kill_marked() {
  for round in 1 2 3 4 5; do
    found=
    for folder in /proc/[0-9]*; do
      pid="${folder#/proc/}"
      [ "$pid" = "$$" ] && continue
      while IFS= read -r text || [ -n "$text" ]; do
        case "$text" in *"$1"*) kill -9 "$pid" && found=1; break;; esac
      done < "$folder/environ"
    done
    [ -z "$found" ] && return
  done
} 2>/dev/null
"""

KILL_MARKED = _KILL_MARKED + '\nkill_marked "$2"\n'

# The command comes in base64, so that `pkill -f` in it does not find this script. It runs in the
# foreground, since a shell lets what it puts into the background ignore SIGINT. Its output goes to
# files, so that children left behind hold nothing open.
RUN = (
    _KILL_MARKED
    + r"""
token=$1 limit=$2 keep=$3 shell=$4 command=$(printf %s "$5" | base64 -d)
folder=$(mktemp -d "/tmp/.autoloop-XXXXXX") || exit 126
watcher=
if [ -n "$limit" ]; then
  (
    trap 'kill "$nap"; exit' TERM
    { sleep "$limit" || sleep "${limit%.*}"; } & nap=$!
    wait "$nap"
    : > "$folder/late"
    kill_marked "AUTOLOOP_EXEC=$token"
  ) </dev/null >/dev/null 2>&1 &
  watcher=$!
fi
AUTOLOOP_EXEC=$token "$shell" -c "$command" </dev/null >"$folder/out" 2>"$folder/err"
code=$?
late=0; [ -e "$folder/late" ] && late=1
# At its work the watcher is not disturbed.
[ -z "$watcher" ] || { [ "$late" = 1 ] || kill "$watcher"; wait "$watcher"; } 2>/dev/null
show() {
  size=$(wc -c < "$folder/$1")
  echo "$token $1" $size
  if [ "$size" -le "$keep" ]; then base64 < "$folder/$1"; return; fi
  head -c $((keep / 2)) "$folder/$1" | base64
  echo "$token tail"
  tail -c $((keep - keep / 2)) "$folder/$1" | base64
}
echo
echo "$token end" $code $late
show out
show err
echo "$token done"
rm -rf "$folder"
"""
)

_START_OF = r"""
stat_of() {
  line=
  while IFS= read -r part || [ -n "$part" ]; do line="$line $part"; done < "/proc/$1/stat"
  set -- ${line##*)}
  [ $# -ge 20 ] || return 1
  state=$1 parent=$2
  shift 19
  start="$1"
} 2>/dev/null
ours=" "
pid=$$
while [ "${pid:-0}" -gt 0 ]; do
  ours="$ours$pid "
  stat_of "$pid" || break
  pid=$parent
done
"""

MARK = (
    _START_OF
    + r"""
echo
for folder in /proc/[0-9]*; do
  pid="${folder#/proc/}"
  case "$ours" in *" $pid "*) continue;; esac
  stat_of "$pid" && echo "$1 process $pid:$start"
done
echo "$1 done"
"""
)
"""Tells every process by pid and start, so that a pid that is used again is another one."""

# Stopped before killed, since what still runs could fork meanwhile. A zombie is no danger, and
# stays where the first process does not reap.
END_ALL_BUT = (
    _START_OF
    + r"""
token=$1 known=" $2 "
strangers() {
  left=0
  for folder in /proc/[0-9]*; do
    pid="${folder#/proc/}"
    case "$ours" in *" $pid "*) continue;; esac
    stat_of "$pid" || continue
    case "$known" in *" $pid:$start "*) continue;; esac
    [ "$state" = Z ] && continue
    left=$((left + 1))
    [ -z "$1" ] || kill "-$1" "$pid"
  done
} 2>/dev/null
for round in 1 2 3 4 5 6 7 8; do
  strangers STOP; strangers STOP; strangers KILL; strangers KILL
  strangers ""
  [ "$left" = 0 ] && break
  sleep 0.1
done
echo
echo "$token left $left"
echo "$token done"
"""
)

# Each part of a path must be a plain folder: a link would lead elsewhere.
_PLAIN = r"""
plain() {
  path= rest="${1#/}"
  while [ -n "$rest" ]; do
    path="$path/${rest%%/*}"
    case "$rest" in */*) rest="${rest#*/}";; *) rest=;; esac
    if [ -L "$path" ] || { [ -e "$path" ] && [ ! -d "$path" ]; }; then rm -f "$path" || exit 49; fi
    [ -d "$path" ] || mkdir "$path" || exit 49
  done
}
"""

EMPTY = (
    _PLAIN
    + r"""
shift
for folder; do
  plain "$folder"
  rm -rf "$folder" && mkdir "$folder" && chmod 777 "$folder" && chown 0:0 "$folder" || exit 49
done
"""
)

MAKE_PLAIN = _PLAIN + '\nshift\nfor folder; do plain "$folder"; done\n'

OPEN_FOLDERS = 'shift\nmkdir -p "$@" && chmod 777 "$@"\n'

_SEND = r"""
send() {
  echo
  echo "$token size" $(wc -c < "$1")
  echo "$token data"
  tail -c "+$2" "$1" | head -c "$3" | base64
  echo "$token done"
}
"""

READ = (
    _SEND
    + r"""
token=$1 path=$2 first=$3 count=$4 most=$5
[ -L "$path" ] && exit 45
[ -e "$path" ] || exit 44
[ -f "$path" ] || exit 46
[ "$(wc -c < "$path")" -le "$most" ] || exit 47
send "$path" "$first" "$count"
"""
)

# Packed into a folder that only root can look into. What is larger than `most` is cut off there.
PACK = (
    _SEND
    + r"""
token=$1 source=$2 most=$3 count=$4
[ -d "$source" ] || exit 44
command -v tar >/dev/null || exit 127
stage=$(mktemp -d "/tmp/.autoloop-XXXXXX") || exit 126
tar -C "$source" -cf - . 2>/dev/null | head -c "$most" > "$stage/pack"
echo
echo "$token stage $stage"
send "$stage/pack" 1 "$count"
[ "$(wc -c < "$stage/pack")" -gt "$count" ] || rm -rf "$stage"
"""
)

FORGET = 'rm -rf "$2"\n'

WRITE = r"""
token=$1 path=$2 mode=$3 staged=$4 data=$5
mkdir -p "$(dirname "$path")" || exit 48
[ -d "$path" ] && [ ! -L "$path" ] && { echo "it is a folder"; exit 48; }
rm -f "$path" || exit 48
if [ -n "$staged" ]; then cat "$staged" > "$path"; rm -f "$staged"
else printf %s "$data" | base64 -d > "$path"; fi || exit 48
chmod "$mode" "$path" && chown 0:0 "$path" || exit 48
"""


def call(script: str, *arguments: object) -> str:
    """The command line that runs a script with arguments; the first is its token."""
    return shlex.join(["sh", "-c", script, "sh", *map(str, arguments)])


@dataclass(slots=True)
class Answer:
    """What a script said, taken out of the output of the backend."""

    is_whole: bool = False
    """It came to its end; else the shell failed, or the container is gone."""
    words: dict[str, list[str]] = field(default_factory=dict)
    """For each kind of line, what followed the kind, in order."""
    data: dict[str, bytearray] = field(default_factory=dict)
    """What came in base64 after each kind of line."""

    def word(self, kind: str) -> str:
        """The first line of that kind."""
        return self.words.get(kind, [""])[0]


def answer_in(output: str, token: str) -> Answer:
    """Read the lines that a script of ours printed."""
    answer, kind = Answer(), ""
    for line in output.splitlines():
        found = re.match(rf"{token} (\w+) ?(.*)", line)
        if found is not None:
            kind = found[1]
            answer.words.setdefault(kind, []).append(found[2].strip())
            if kind == "tail":
                kind = "err_tail" if "err" in answer.words else "out_tail"
        elif kind:
            answer.data.setdefault(kind, bytearray()).extend(_decoded(line))
    answer.is_whole = "done" in answer.words
    return answer


def _decoded(line: str) -> bytes:
    """One line of base64; a backend's remark in between is left out."""
    try:
        return base64.b64decode(line.strip(), validate=True)
    except binascii.Error:
        return b""
