# A person's session, for those who source it: an unlocked Secret Service, a screen, and how to wait for something.
cd ~
export LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/1000 DISPLAY=:7 PATH=/opt/claude:$PATH
# Claude Code says nothing to anyone but its base URL.
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 DISABLE_TELEMETRY=1 DISABLE_ERROR_REPORTING=1
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

echo "a password of the trial's own" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
Xvfb :7 -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
trap 'kill $screen; wait $screen || true' EXIT
wait_for 10 xwininfo -root
