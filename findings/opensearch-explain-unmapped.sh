#!/usr/bin/env bash
# OpenSearch 3.4.0: `_validate/query?explain=true` reports the pattern as the unmapped field.
#
# There is one index without a field `nope`. For the query strings `nope:a`, `nope:"a b"`, `nope:a~` and `nope:[a TO b]` the
# explanation is right: `unmapped fields [nope]`. For a prefix, a wildcard and a regular expression it names what stands
# behind the colon instead: `nope:a*` gives `unmapped fields [a]`.
# A client that shows which field is unknown names a field that nobody wrote.
source "$(dirname "$0")/opensearch.sh"

ask PUT 'logs-2026.11.27/_doc/1?refresh=true' '{"message":"hello"}' >/dev/null
explained() { # query string, as in JSON
  ask POST 'logs-*/_validate/query?explain=true' "{\"query\":{\"query_string\":{\"query\":\"$1\"}}}" \
    | sed -n 's/.*"explanation":"MatchNoDocsQuery(\\"\(.*\)\\")".*/\1/p'
}

expect 'nope:a' 'unmapped fields [nope]' "$(explained 'nope:a')"
expect 'nope:"a b"' 'unmapped fields [nope]' "$(explained 'nope:\"a b\"')"
expect 'nope:a~' 'unmapped fields [nope]' "$(explained 'nope:a~')"
expect 'nope:[a TO b]' 'unmapped fields [nope]' "$(explained 'nope:[a TO b]')"
expect 'nope:a*' 'unmapped fields [a]' "$(explained 'nope:a*')"
expect 'nope:a?b' 'unmapped fields [a?b]' "$(explained 'nope:a?b')"
expect 'nope:/a/' 'unmapped fields [a]' "$(explained 'nope:/a/')"
exit $changed
