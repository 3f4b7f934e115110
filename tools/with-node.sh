#!/bin/sh
# Runs one of the project's scripts on the project's own Node, installing what the lockfile names first if need be:
#
#     sh tools/with-node.sh SCRIPT [ARGUMENT...]      SCRIPT is relative to the project's folder
#     sh tools/with-node.sh --installed               an `npm install` has just ended: correct and stamp what it left
#
# The caller's folder, arguments, exit code and signals stay as they are: the last thing done here is `exec`. Nothing is
# written to standard output. "Installed" means that node_modules/.tern-installed names the checksums of the lockfile and
# of the correction below; a start that finds it so runs one `cksum` and no npm. The stamp's second line is the Node to use.
# POSIX sh; Debian's dash is what it is tested on.

oldest_npm=9
oldest_node=24
longest_wait_s=900

case $0 in
*/*) root=$(CDPATH='' cd -P -- "${0%/*}/.." && pwd) || exit 1 ;;
*) root=$(CDPATH='' cd -P -- .. && pwd) || exit 1 ;;
esac
stamp=$root/node_modules/.tern-installed
correction=tools/correct-ts-mls.ts
# Outside node_modules, because npm empties that. `build/` is ignored by git.
lock=$root/build/installing

say() {
  printf 'tern: %s\n' "$*" >&2
}

# Sets `wanted` to the checksums of everything that decides what belongs into node_modules, on one line.
read_wanted() {
  # shellcheck disable=SC2046 # split on purpose: it makes one line of two
  set -- $(cd "$root" && cksum package-lock.json "$correction" 2>/dev/null)
  wanted=$*
}

# Whether the stamp fits `wanted`; sets `node` to the path of the Node that the stamp's second line names.
is_installed() {
  stamped='' node=''
  [ -r "$stamp" ] || return 1
  { read -r stamped && read -r node; } <"$stamp"
  [ "$stamped" = "$wanted" ] || return 1
  case $node in
  /*) ;;
  *) node=$root/$node ;;
  esac
  [ -x "$node" ]
}

# Sets `chosen` to our own Node, relative so that the folder may move, or to the host's if ours has no build for this machine.
choose_node() {
  # npm 9 makes no link in .bin for an optional package
  for path in "$root"/node_modules/.bin/node "$root"/node_modules/node-*-*/bin/node; do
    chosen=${path#"$root/"}
    "$path" -e '' 2>/dev/null && return 0
  done
  old_ifs=$IFS
  IFS=:
  for folder in $PATH; do
    chosen=$folder/node
    case $chosen in
    "$root"/*) continue ;;
    /*) "$chosen" -e "process.exit(parseInt(process.versions.node) < $oldest_node ? 1 : 0)" 2>/dev/null && break ;;
    esac
    chosen=''
  done
  IFS=$old_ifs
  [ -n "$chosen" ] && return 0
  say "the lockfile has no Node for this machine ($(uname -s) $(uname -m)); install Node $oldest_node or newer on it."
  return 1
}

# Makes what npm left into what we run: the correction of ts-mls applied, then the stamp, written whole or not at all.
finish() {
  choose_node || return 1
  if [ -e "$root/$correction" ]; then
    (cd "$root" && "$chosen" --disable-warning=ExperimentalWarning "$correction" </dev/null >&2) || {
      say 'ts-mls could not be corrected (above is why), and it is not used uncorrected.'
      return 1
    }
  fi
  printf '%s\n%s\n' "$wanted" "$chosen" >"$stamp.$$" && mv -f "$stamp.$$" "$stamp" && is_installed
}

# The lock is a folder with one file `holder-PID`, in which stands the pid of the npm that the holder waits for.
# Making the folder takes a free lock; renaming a dead holder's file takes over a stale one. Each succeeds for one only.
take_lock() {
  if mkdir "$lock" 2>/dev/null; then
    : >"$lock/holder-$$"
    set -- "$lock"/holder-*
    [ $# -eq 1 ] && return 0
    rm -f "$lock/holder-$$" # somebody took the folder we made for abandoned; one of us begins again
    return 1
  fi
  set -- "$lock"/holder-*
  if [ ! -e "$1" ]; then
    # Made and not yet signed: normal for a moment. rmdir spares it if it was signed meanwhile.
    [ $((waited % 3)) -eq 2 ] && rmdir "$lock" 2>/dev/null
    return 1
  fi
  installer=''
  read -r installer 2>/dev/null <"$1"
  is_alive "${1##*-}" && return 1
  is_alive "$installer" && return 1
  mv "$1" "$lock/holder-$$" 2>/dev/null
}

# A zombie is dead, and another user's process, which may not be signalled, is alive.
is_alive() {
  [ -n "$1" ] && { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; } && ! grep -qs '^State:.Z' "/proc/$1/status"
}

release_lock() {
  rm -f "$lock/holder-$$"
  rmdir "$lock" 2>/dev/null
}

# Ends with what the lockfile names in place and stamped, installed by this process or by one it waited for.
install() {
  mkdir -p "$root/build" || exit 1
  waited=0
  until take_lock; do
    [ "$waited" -eq 1 ] && say 'waiting for another start, which is installing.'
    [ "$waited" -ge "$longest_wait_s" ] && {
      say "another install has held $lock for $longest_wait_s seconds; remove that folder if it is not real."
      exit 1
    }
    sleep 1
    waited=$((waited + 1))
    is_installed && return 0
  done
  installer=''
  trap release_lock EXIT
  trap 'stop_installer; exit 130' INT
  trap 'stop_installer; exit 143' TERM HUP
  is_installed || correct_again || install_with_npm || exit 1
  trap - EXIT INT TERM HUP
  release_lock
}

stop_installer() {
  [ -n "$installer" ] && kill "$installer" 2>/dev/null && wait "$installer"
}

# The lockfile is the one we installed from and only the correction is newer: that needs no npm.
correct_again() {
  [ -n "$stamped" ] && [ "${stamped%% package-lock.json*}" = "${wanted%% package-lock.json*}" ] && finish
}

install_with_npm() {
  npm_version=$(npm --version 2>/dev/null) || npm_version=0
  [ "${npm_version%%.*}" -ge "$oldest_npm" ] 2>/dev/null || {
    say "npm $oldest_npm or newer is needed to install what package-lock.json names, and it is not on the PATH."
    return 1
  }
  say 'installing what package-lock.json names; this happens once ...'
  log=$root/build/install.log
  # What `npm ci` does, with one difference: that refuses a lockfile that leaves out builds for other machines which the
  # registry did not have when it was written. tools/lockfile.test.ts sees to it that the lockfile decides all the rest.
  (cd "$root" && rm -rf node_modules && exec npm install --no-save --package-lock --ignore-scripts \
    --include=dev --include=optional --no-audit --no-fund --loglevel=error) </dev/null >"$log" 2>&1 &
  installer=$!
  echo "$installer" >"$lock/holder-$$"
  wait "$installer" || {
    cat "$log" >&2
    say 'the install failed (above is what npm said) and nothing was started.'
    return 1
  }
  installer=''
  finish && say 'installed.'
}

read_wanted
if [ "${1-}" = --installed ]; then
  finish
  exit
fi
is_installed || install
script=$1
shift
exec "$node" --disable-warning=ExperimentalWarning "$root/$script" "$@"
