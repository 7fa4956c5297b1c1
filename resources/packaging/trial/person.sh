#!/bin/bash
# person.sh first|second: an ordinary user's part, in a session bus of its own: start it, ask Claude Code, stop it.
set -euo pipefail
. /trial/say.sh
time=$1
cd ~
export LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/1000 DISPLAY=:7 PATH=/opt/claude:$PATH
# Claude Code says nothing to anyone but its base URL.
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 DISABLE_TELEMETRY=1 DISABLE_ERROR_REPORTING=1
key=sk-trial-0123456789abcdefghij
settings=~/.config/understudy/settings.toml

now() { date +%s%3N; }
# wait_for SECONDS COMMAND...: until it succeeds, or fails after that time.
wait_for() {
    local until=$(($(now) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt "$until" ] || return 1
        sleep 0.02
    done
}
answers() { (exec 3<>/dev/tcp/127.0.0.1/8082 && printf 'HEAD / HTTP/1.1\r\nHost: 127.0.0.1:8082\r\n\r\n' >&3 && head -1 <&3 | grep -q ' 200 '); }
# How many requests were answered, of all that the log knows.
answered() { understudy log --number 1000 2>/dev/null | grep -c 'demo/instant.*done' || true; }

# Windows as wide as a hundred pixels and more, and icons in the tray's panel, that are Understudy's.
windows() { xwininfo -root -tree | grep -cE '"understudy"\) +[0-9]{3,}x[0-9]{3,}\+' || true; }
icons() { xwininfo -root -tree | grep -cE '"understudy"\) +[0-9]{2}x[0-9]{2}\+' || true; }
one_window() { [ "$(windows)" = 1 ]; }
one_icon() { [ "$(icons)" = 1 ]; }
start() {
    began=$(now)
    if [ -e /trial/without-window ]; then
        understudy serve >~/started.log 2>&1 &
        app=$!
    else
        understudy >~/started.log 2>&1 &
        app=$!
        wait_for 20 one_window || { xwininfo -root -tree; cat ~/started.log; wrong "there is no window"; }
        seen=$(($(now) - began))
    fi
    wait_for 20 answers || { cat ~/started.log; wrong "the proxy does not answer"; }
    answering=$(($(now) - began))
    [ "$(readlink "/proc/$app/exe")" = /usr/bin/understudy ] || wrong "something else runs"
}
stop() {
    kill -TERM "$app"
    wait_for 10 sh -c "! kill -0 $app" || wrong "it does not stop when it is told to"
    local status=0
    wait "$app" || status=$?
    case $status in 0 | 143) ;; *) cat ~/started.log; wrong "it ended with status $status" ;; esac
}

echo "a password of the trial's own" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
Xvfb :7 -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
wait_for 10 xwininfo -root
trayer --edge top --align right --height 24 >/dev/null 2>&1 &
tray=$!
trap 'kill $tray $screen; wait $tray $screen || true' EXIT

if [ "$time" = first ]; then
    printf '%s' "$key" | understudy keys set openai >/dev/null
    mkdir -p ~/.config/understudy ~/project
    cat >"$settings" <<'END'
# A comment of the person's own.
version = 1
profile = "Trial"

[profiles.Trial]
big = "demo/instant"
small = "demo/instant"
thinker = "demo/instant"
END
    cp "$settings" ~/settings.before
    before=0
else
    before=$(answered)
    [ "$before" -gt 0 ] || wrong "the requests of before the upgrade are gone"
    cmp "$settings" ~/settings.before || wrong "the upgrade changed the settings"
    ok "settings and $before requests are still there"
fi
understudy keys list | grep -q '^openai .*ghij.*keyring' || { understudy keys list; wrong "the key is not in the keyring"; }
ok "the key is in the Secret Service"

start
if [ -e /trial/without-window ]; then
    ok "the proxy answers after $answering ms"
else
    ok "the window is there after $seen ms, the proxy answers after $answering ms ($time start)"
    wait_for 5 one_icon || { xwininfo -root -tree; wrong "there is no icon in the tray"; }
    ok "its icon is in the tray"
    timeout 10 understudy >~/second.log 2>&1 || { cat ~/second.log; wrong "a second start does not end well"; }
    one_window && one_icon || { xwininfo -root -tree; wrong "a second start made another window or icon"; }
    ok "a second start leaves it to the first"
fi

cd ~/project
understudy claude -p "Say hello" --output-format json >~/answer.json 2>~/answer.err </dev/null ||
    { cat ~/answer.json ~/answer.err ~/started.log; wrong "Claude Code failed"; }
grep -q '"is_error":false' ~/answer.json || { cat ~/answer.json; wrong "Claude Code got an error"; }
cd ~
after=$(answered)
[ "$after" -gt "$before" ] || { understudy log; wrong "the request is not in the log"; }
ok "Claude Code $(claude --version | cut -d' ' -f1) was answered; $after requests in the log"

stop
ok "stops when it is told to"
if [ "$time" = second ] && [ ! -e /trial/without-window ]; then
    for _ in 1 2 3 4; do
        start
        ok "once more: window $seen ms, proxy $answering ms, $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\)....kB/\1/p' "/proc/$app/status") MB"
        stop
    done
fi

grep -rqF "$key" ~ && wrong "the key stands in a file: $(grep -rlF "$key" ~)"
ok "the key stands in no file"
