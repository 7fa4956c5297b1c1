# How both parts say what they find.
step() { printf '\n%s\n' "$1"; }
ok() { printf '  ok     %s\n' "$1"; }
wrong() { printf '  WRONG  %s\n' "$1"; exit 1; }
