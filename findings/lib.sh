# Functions of the scripts in this folder; to be sourced, not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
changed=0
expect() { # what recorded seen
  if [ "$2" = "$3" ]; then echo "as recorded: $1: $3"
  else changed=1; echo "changed: $1"; echo "  recorded: $2"; echo "  seen:     $3"; fi
}
in_a_temporary_folder() { # goes there; it is gone when the script ends
  folder=$(mktemp -d "${TMPDIR:-/tmp}/findings.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  cd "$folder"
}
