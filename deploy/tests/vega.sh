#!/usr/bin/env bash
# Draws each Vega panel of deploy/dashboards offline, by the Vega that OpenSearch Dashboards uses (vega 6, vega-lite 6),
# from the answers in fixtures/dashboards. The pictures are target/deploy/vega/*.svg.
source "$(dirname "$0")/lib.sh"
need node npm
packages=(vega@6.4.0 vega-lite@6.4.3)
if [ "$(cat "$work/.packages" 2>/dev/null)" != "${packages[*]}" ]; then
  echo '{"private":true,"type":"module"}' >"$work/package.json"
  npm install --prefix "$work" --no-audit --no-fund --no-package-lock --silent "${packages[@]}" || skip "npm cannot fetch ${packages[*]}"
  echo "${packages[*]}" >"$work/.packages"
fi
cp deploy/tests/vega.mjs "$work/draw.mjs"
node "$work/draw.mjs" deploy/dashboards fixtures/dashboards "$work"
must_fail "a field that does not exist" env BREAK=1 node "$work/draw.mjs" deploy/dashboards fixtures/dashboards "$work/broken"
