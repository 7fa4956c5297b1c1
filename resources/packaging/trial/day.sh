#!/bin/bash
# day.sh: the same person on a desktop whose tray and notifications are services on the bus; day.py is those services.
set -euo pipefail
. /trial/say.sh
. /trial/session.sh

cmp "$settings" ~/settings.before || wrong "the settings changed"
PYTHONPATH=/trial:/usr/lib/understudy/app_packages python3 -B /trial/day.py
