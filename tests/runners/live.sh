#!/usr/bin/env bash
# Owns: install and uninstall on a real systemd user manager and a real crontab, both private to this test: mounts of its
# own over /run and the crontabs, a control group of its own for the manager. Needs root and unshare.
#
#   tests/runners/live.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
# 77: this machine does not let us make one; `npm test` says so.
if [ -z "${AUTORESTART_PRIVATE:-}" ]; then
  unshare --mount true 2>/dev/null || { echo "SKIPPED: no mount namespace can be made here"; exit 77; }
  exec env AUTORESTART_PRIVATE=1 unshare --mount bash "$0" "$binary"
fi
say() { printf '%s\n' "$*"; }
fail() { say "FAILED: $*"; exit 1; }

home=$(mktemp -d)
export HOME=$home USER=root LOGNAME=root
unset HEROKU_API_KEY XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME DBUS_SESSION_BUS_ADDRESS AUTORESTART_FILE
mount -t tmpfs tmpfs /run
# without the first of these the manager leaves without a word
mkdir -p /run/systemd/system "/run/user/$(id -u)"
export XDG_RUNTIME_DIR="/run/user/$(id -u)"
chmod 700 "$XDG_RUNTIME_DIR"
mount -t tmpfs tmpfs /var/spool/cron
mkdir -m 1730 /var/spool/cron/crontabs
chown root:crontab /var/spool/cron/crontabs

# The manager moves every process of its control group: it gets one of its own.
groups=()
for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  [ -w "$root/cgroup.procs" ] || continue
  mkdir -p "$root/autorestart-$$/manager"
  groups+=("$root/autorestart-$$")
done
manager="" sandbox=""
leave() {
  local code=$?
  [ -z "$manager" ] || { systemctl --user exit 2>/dev/null || kill "$manager" 2>/dev/null || true; wait "$manager" 2>/dev/null || true; }
  [ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null || true; wait "$sandbox" 2>/dev/null || true; }
  for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true; done
  rm -rf "$home"
  exit "$code"
}
trap leave EXIT
(
  for group in "${groups[@]}"; do echo "$BASHPID" > "$group/manager/cgroup.procs"; done
  exec /lib/systemd/systemd --user --log-target=null </dev/null >/dev/null 2>&1
) &
manager=$!
for _ in $(seq 100); do
  systemctl --user is-system-running 2>/dev/null | grep -qE 'running|degraded' && break
  kill -0 "$manager" 2>/dev/null || { say "SKIPPED: no user manager can be started here"; exit 77; }
  sleep 0.1
done

sed 's/boot = "2s"/boot = "0s"/' "$(dirname "$0")/../../src/sandbox/leaky-shop.toml" > "$home/shop.toml"
# A Heroku of its own for each timer, whose dynos have been up for a day.
serve() {
  [ -z "$sandbox" ] || { kill "$sandbox"; wait "$sandbox" 2>/dev/null || true; }
  : > "$home/address"
  "$binary" sandbox --port 0 --scenario "$home/shop.toml" > "$home/address" 2>/dev/null &
  sandbox=$!
  for _ in $(seq 100); do [ -s "$home/address" ] && break; sleep 0.05; done
  export "$(head -1 "$home/address")"
  HEROKU_API_KEY=login "$binary" set --app example-app --max-uptime 1h --settle 0s >/dev/null 2>&1
}
record() { curl --silent --fail "$HEROKU_HOST/sandbox/record"; }
restarts() { record | python3 -c 'import json,sys; print(sum(one["cause"] == "request" for one in json.load(sys.stdin)["restarts"]))'; }

serve
say "== a runner that would fail is not installed"
for kind in systemd cron; do
  if "$binary" install --on "$kind" --yes > "$home/said" 2>&1; then fail "$kind was installed without a credential"; fi
  grep -q 'a runner that would fail is not installed' "$home/said" || fail "$(cat "$home/said")"
done
[ ! -e "$home/.config/systemd" ] || fail "units were written"
if crontab -l >/dev/null 2>&1; then fail "a crontab was written"; fi
HEROKU_API_KEY=login "$binary" auth setup --create --keep-in file >/dev/null 2>&1

say "== systemd: the first that this machine has"
"$binary" install --yes > "$home/said" 2>&1 || fail "$(cat "$home/said")"
grep -q 'Installed a systemd user timer' "$home/said" || fail "$(cat "$home/said")"
systemctl --user is-enabled --quiet autorestart.timer || fail "the timer is not enabled"
systemctl --user is-active --quiet autorestart.timer || fail "the timer is not active"
"$binary" install --yes > "$home/said" 2>&1
grep -q 'It is there already' "$home/said" || fail "a second install: $(cat "$home/said")"
systemctl --user list-timers --no-pager autorestart.timer
# As the timer does it, without waiting for the next five minutes.
systemctl --user start autorestart.service || fail "$(systemctl --user status autorestart.service --no-pager)"
[ "$(systemctl --user show --property=Result --value autorestart.service)" = success ] || fail "the pass failed"
[ "$(restarts)" = 3 ] || fail "$(restarts) restarts"
"$binary" > "$home/said" 2>&1
grep -q 'Run by this machine' "$home/said" || fail "the list: $(cat "$home/said")"
tail -1 "$home/said"
"$binary" uninstall --yes
[ -z "$(find "$home/.config/systemd" -type f -o -type l)" ] || fail "left: $(find "$home/.config/systemd")"
if systemctl --user is-active --quiet autorestart.timer; then fail "the timer is still active"; fi

say "== what somebody ended or took away by hand is no dead end, and what cannot be ended is said"
"$binary" install --yes > "$home/said" 2>&1 || fail "$(cat "$home/said")"
if XDG_RUNTIME_DIR=/nowhere "$binary" uninstall --yes > "$home/said" 2>&1; then fail "uninstalled without the manager"; fi
grep -q 'may still be on this machine' "$home/said" || fail "$(cat "$home/said")"
systemctl --user disable --now --quiet autorestart.timer
rm -f "$home"/.config/systemd/user/autorestart.*
systemctl --user daemon-reload
"$binary" uninstall --yes > "$home/said" 2>&1 || fail "$(cat "$home/said")"
grep -q 'is off this machine' "$home/said" || fail "$(cat "$home/said")"
mkdir "$home/bin"
printf '#!/bin/sh\necho "you are not allowed to use this program" >&2\nexit 1\n' > "$home/bin/crontab"
chmod 755 "$home/bin/crontab"
if PATH="$home/bin:$PATH" "$binary" install --on cron --yes > "$home/said" 2>&1; then fail "a crontab that cannot be read was replaced"; fi
grep -q 'crontab -l failed: you are not allowed' "$home/said" || fail "$(cat "$home/said")"

say "== what is not ours stays"
mkdir -p "$home/.config/systemd/user"
echo '# my own' > "$home/.config/systemd/user/autorestart.service"
if "$binary" install --on systemd --yes > "$home/said" 2>&1; then fail "somebody's unit was overwritten"; fi
grep -q 'was not written by install' "$home/said" || fail "$(cat "$home/said")"
[ "$(cat "$home/.config/systemd/user/autorestart.service")" = '# my own' ] || fail "it was changed"
rm "$home/.config/systemd/user/autorestart.service"

say "== cron"
serve
HEROKU_API_KEY=login "$binary" auth setup --create --keep-in file >/dev/null 2>&1
printf 'MAILTO=""\n0 7 * * * true # somebody else'\''s\n' | crontab -
crontab -l > "$home/before"
"$binary" install --on cron --yes > "$home/said" 2>&1 || fail "$(cat "$home/said")"
crontab -l
crontab -l > "$home/crontab"
crontab -n "$home/crontab" || fail "cron does not read it"
# As cron does it: its shell, its environment, the line without the percent signs' escapes.
line=$(grep '^\*/5' "$home/crontab" | cut -d' ' -f6- | sed 's/\\%/%/g')
env -i HOME="$home" LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "cd; $line" || fail "$(cat "$home"/.local/state/autorestart/run.log)"
[ "$(restarts)" = 3 ] || fail "$(restarts) restarts; $(cat "$home"/.local/state/autorestart/run.log)"
env -i HOME="$home" LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "cd; $line"
# The second pass had nothing to do, and nothing to say.
log="$home/.local/state/autorestart/run.log"
[ "$(grep -c 'event=ended .*dyno=web.1 .*outcome=restarted' "$log")" = 1 ] || fail "the log: $(cat "$log")"
[ "$(grep -c 'event=pass' "$log")" = 1 ] || fail "the second pass is in the log: $(cat "$log")"
[ "$(stat -c %a "$log")" = 600 ] || fail "others can read the log"
"$binary" uninstall --yes
crontab -l | cmp - "$home/before" || fail "the crontab is not what it was"

say "passed"
