#!/bin/bash
# person.sh first|second: an ordinary user's part, in a session bus of its own: start it, ask Claude Code, stop it.
set -euo pipefail
. /trial/say.sh
. /trial/session.sh
time=$1
key=sk-trial-0123456789abcdefghij
limit=1500 # milliseconds until the window is there, on a machine that has nothing else to do
best=

answers() { (exec 3<>/dev/tcp/127.0.0.1/8082 && printf 'HEAD / HTTP/1.1\r\nHost: 127.0.0.1:8082\r\n\r\n' >&3 && head -1 <&3 | grep -q ' 200 '); }
# How many requests were answered, of all that the log knows.
answered() { understudy log --number 1000 2>/dev/null | grep -c 'demo/instant.*done' || true; }

# Windows as wide as a hundred pixels and more, and icons in the tray's panel, that are Understudy's.
windows() { xwininfo -root -tree | sed -nE 's/^ *(0x[0-9a-f]+) .*"understudy"\) +[0-9]{3,}x[0-9]{3,}\+.*/\1/p'; }
icons() { xwininfo -root -tree | grep -cE '"understudy"\) +[0-9]{2}x[0-9]{2}\+' || true; }
one_icon() { [ "$(icons)" = 1 ]; }
one_window() {
    local id
    id=$(windows)
    [[ $id =~ ^0x[0-9a-f]+$ ]] && xwininfo -id "$id" | grep -q IsViewable # without an id it would wait for a click
}

# Milliseconds of processor that it has used, that its main thread has waited for one, and MB that came from the disk.
used() {
    awk -v waited="$(cut -d' ' -f2 "/proc/$app/schedstat")" -v read="$(sed -n 's/^read_bytes: //p' "/proc/$app/io")" \
        '{ printf "%d %d %d", ($14 + $15) * 10, waited / 1000000, read / 1000000 }' "/proc/$app/stat"
}
# start KIND: until the window is on the screen and the proxy answers.
start() {
    local busy=0 waited=0 read=0 began seen
    began=$(now)
    if [ -e /trial/without-window ]; then
        understudy serve >~/started.log 2>&1 &
        app=$!
    else
        understudy >~/started.log 2>&1 &
        app=$!
        wait_for 20 one_window || { xwininfo -root -tree; cat ~/started.log; wrong "there is no window"; }
        seen=$(($(now) - began))
        read -r busy waited read <<<"$(used)"
    fi
    wait_for 20 answers || { cat ~/started.log; wrong "the proxy does not answer"; }
    answering=$(($(now) - began))
    [ "$(readlink "/proc/$app/exe")" = /usr/bin/understudy ] || wrong "something else runs"
    if [ -e /trial/without-window ]; then
        ok "$1: the proxy answers after $answering ms"
    else
        ok "$1: the window is there after $seen ms, of which $waited for a processor that others had; the proxy answers after $answering ms ($busy ms of processor and $read MB from the disk until the window)"
        [ -n "$best" ] && [ "$best" -le $((seen - waited)) ] || best=$((seen - waited))
    fi
}
stop() {
    kill -TERM "$app"
    wait_for 10 sh -c "! kill -0 $app" || wrong "it does not stop when it is told to"
    local status=0
    wait "$app" || status=$?
    case $status in 0 | 143) ;; *) cat ~/started.log; wrong "it ended with status $status" ;; esac
}

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
    echo '{"first_run_over": true}' >~/.local/state/understudy/desktop.json # from here on the window is the watch window
fi
understudy keys list | grep -q '^openai .*ghij.*keyring' || { understudy keys list; wrong "the key is not in the keyring"; }
ok "the key is in the Secret Service"

start "$time start"
if [ ! -e /trial/without-window ]; then
    wait_for 5 one_icon || { xwininfo -root -tree; wrong "there is no icon in the tray"; }
    ok "its icon is in the tray"
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
    for kind in again again again cold cold; do
        # As after switching the machine on: what is loaded comes from the disk.
        [ $kind = again ] || vmtouch -qe /usr/lib/understudy /usr/lib/x86_64-linux-gnu /usr/lib/python3*
        start $kind
        stop
    done
    [ "$best" -le "$limit" ] || wrong "no start had its window within $limit ms"
    ok "the best start had its window after $best ms of its own"
fi

grep -rqF "$key" ~ && wrong "the key stands in a file: $(grep -rlF "$key" ~)"
ok "the key stands in no file"
