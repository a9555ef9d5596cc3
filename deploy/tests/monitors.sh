#!/usr/bin/env bash
# Reads each monitor of deploy/alerts/opensearch with the parser of the Alerting plugin (org.opensearch:common-utils).
# The plugin itself could not be had.
source "$(dirname "$0")/lib.sh"
need mvn
java=$(find_java 21 99) || skip "the parser needs a JDK 21 or newer (Temurin: https://adoptium.net)"
version=3.4.0
stamp=$(cksum deploy/tests/monitors/pom.xml)
if [ "$(cat "$work/.stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$work/lib"
  mvn -B -ntp -q -f deploy/tests/monitors/pom.xml -Dos=$version dependency:copy-dependencies \
    -DoutputDirectory="$work/lib" -DincludeScope=runtime >"$work/mvn.log" 2>&1 || { tail -5 "$work/mvn.log" >&2; skip "Maven cannot fetch the parser"; }
  echo "$stamp" >"$work/.stamp"
fi
read_monitors() { "$java" -Dorg.apache.logging.log4j.simplelog.StatusLogger.level=OFF -cp "$work/lib/*" deploy/tests/monitors/ReadMonitors.java "$@"; }
read_monitors deploy/alerts/opensearch/*.json
# The parser must be able to refuse.
sed 's/"severity"/"severityy"/' deploy/alerts/opensearch/error-rate.json >"$work/without-severity.json"
sed 's/"composite"/"compositee"/' deploy/alerts/opensearch/error-rate.json >"$work/unknown-aggregation.json"
sed 's/"MINUTES"/"MINUTESS"/' deploy/alerts/opensearch/dead-letters.json >"$work/unknown-unit.json"
for broken in without-severity unknown-aggregation unknown-unit; do must_fail "$broken" read_monitors "$work/$broken.json"; done
