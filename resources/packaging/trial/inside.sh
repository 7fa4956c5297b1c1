#!/bin/bash
# Root's part, in the fresh system: install, look, let the person use it, upgrade, again, remove, look.
set -euo pipefail
. /trial/say.sh

quietly() { "$@" >/tmp/said 2>&1 || { cat /tmp/said; wrong "failed: $*"; }; }
as_person() { su --login --shell /bin/bash person --command "$1"; }
found_names() { find / -xdev \( -path /proc -o -path /trial \) -prune -o -iname '*understudy*' -print | sort; }

quietly apt-get update
[ -z "$(found_names)" ] || wrong "the fresh system knows Understudy already"

step "Installing the package, with nothing but what it declares"
useradd --create-home --shell /bin/bash person
install -d -m 700 -o person /run/user/1000
quietly apt-get install --yes --no-install-recommends /trial/old.deb
old=$(dpkg-query -W -f '${Version}' understudy)
ok "version $old, $(du -sm /usr/lib/understudy | cut -f1) MB in /usr/lib/understudy"

qt=/usr/lib/understudy/app_packages/PySide6/Qt
for library in "$qt"/lib/*.so.6 "$qt"/plugins/platforms/libq{xcb,wayland,offscreen}*.so \
    "$qt"/plugins/{imageformats,iconengines,xcbglintegrations,tls}/*.so; do
    case $(ldd "$library") in *"not found"*) ldd "$library"; wrong "$library wants what is not declared" ;; esac
done
ok "every library of Qt's finds its own with the declared packages alone"

entry=/usr/share/applications/understudy.desktop
icon=$(sed -n 's/^Icon=//p' "$entry")
[ -n "$icon" ] && [ -f "/usr/share/icons/hicolor/48x48/apps/$icon.png" ] || wrong "the menu entry has no icon"
[ -x "/usr/bin/$(sed -n 's/^Exec=//p' "$entry")" ] || wrong "the menu entry starts nothing"
[ -z "$(find /usr/lib/understudy /usr/bin/understudy -perm /022 ! -type l)" ] || wrong "others may write to what is installed"
[ -s /usr/share/doc/understudy/licences.txt ] && zcat /usr/share/man/man1/understudy.1.gz >/dev/null || wrong "no texts"
ok "menu entry, icon, man page and licences are there"

[ "$(as_person 'understudy --version')" = "understudy $old" ] || wrong "it does not know its version"
as_person 'understudy demo --client built-in --pace instant' >/tmp/said || { cat /tmp/said; wrong "the demo failed"; }
ok "runs without a screen, a bus or a keyring"

step "A desktop: Xvfb, a tray, a Secret Service"
quietly apt-get install --yes --no-install-recommends xvfb trayer gnome-keyring dbus-daemon x11-utils vmtouch
find /usr/lib/understudy -type f -printf '%p %s %T@\n' | sort >/tmp/installed
install -D -m 755 /trial/claude /opt/claude/claude
sync # what was unpacked here is on the disk before anything is measured

as_person 'dbus-run-session -- bash /trial/person.sh first'

step "Upgrading"
quietly apt-get install --yes --no-install-recommends /trial/new.deb
new=$(dpkg-query -W -f '${Version}' understudy)
dpkg --compare-versions "$new" gt "$old" || wrong "$new is not newer than $old"
[ "$(as_person 'understudy --version')" = "understudy $new" ] || wrong "it still says the old version"
ok "version $new"
find /usr/lib/understudy -type f -printf '%p %s %T@\n' | sort >/tmp/installed

as_person 'dbus-run-session -- bash /trial/person.sh second'

if [ ! -e /trial/without-window ]; then
    step "A day on a desktop with a tray and notifications on its bus"
    quietly apt-get install --yes --no-install-recommends python3-minimal libglib2.0-bin xdotool xterm
    as_person 'dbus-run-session -- bash /trial/day.sh'
fi

find /usr/lib/understudy -type f -printf '%p %s %T@\n' | sort | cmp - /tmp/installed || wrong "it wrote where it is installed"
ok "nothing was written where it is installed"

step "Removing"
dpkg -L understudy >/tmp/owned
quietly apt-get purge --yes understudy
while read -r file; do
    [ -d "$file" ] || [ ! -e "$file" ] || wrong "$file is still there"
done </tmp/owned
found_names | while read -r left; do
    case $left in
        /home/person/.config/understudy* | /home/person/.local/share/understudy* | /home/person/.local/state/understudy*) ;;
        *) wrong "$left was left behind" ;;
    esac
done
cmp /home/person/settings.before /home/person/.config/understudy/settings.toml || wrong "the settings changed"
ok "nothing is left of it but the person's settings and records"
