#!/usr/bin/env bash
# Checks the Grafana dashboard: it is what its script generates, and fits the types that Grafana publishes
# (@grafana/schema). Grafana itself cannot be had here, so nobody has seen its panels.
source "$(dirname "$0")/lib.sh"
need python3 node npm
deploy/grafana/generate.py >"$work/logferry.json"
cmp "$work/logferry.json" deploy/grafana/logferry.json || die "deploy/grafana/logferry.json is not what generate.py prints: write it anew"

schema=13.2.3 typescript=5.9.3
if [ ! -d "$work/node_modules/@grafana/schema" ]; then
  npm --prefix "$work" install --no-audit --no-fund --silent "@grafana/schema@$schema" "typescript@$typescript" >"$work/npm.log" 2>&1 \
    || { tail -3 "$work/npm.log" >&2; skip "@grafana/schema $schema cannot be fetched"; }
fi
types=$(cd "$work" && find node_modules/@grafana/schema/dist/types/raw/dashboard -name '*types.gen.d.ts' | head -1)
[ -n "$types" ] || die "@grafana/schema $schema has no types of a dashboard where they were"
check() { # file of JSON: the compiler compares it with the types
  { echo "import type { Dashboard } from './${types%.d.ts}';"; printf 'const dashboard: Dashboard = '; cat "$1"; echo ';'; echo 'export default dashboard;'; } >"$work/dashboard.ts"
  (cd "$work" && node_modules/.bin/tsc --strict --noEmit --skipLibCheck --module nodenext --moduleResolution nodenext --target es2022 dashboard.ts)
}
check deploy/grafana/logferry.json
sed 's/"schemaVersion": 41/"schemaVersion": "41"/' deploy/grafana/logferry.json >"$work/broken.json"
must_fail "a schema version that is a text" check "$work/broken.json"
say "$(grep -c '"type": "timeseries"' deploy/grafana/logferry.json) panels fit @grafana/schema $schema"
