#!/usr/bin/env bash
# OpenSearch 3.4.0: `_validate/query` answers 404 for an index expression that `_search` and `_count` accept.
#
# There is one index, `logs-2026.11.27`. The expression `logs-*,-logs-*-copy` matches it; its exclusion matches no index.
# `_search` and `_count` answer 200 with the index's document. `_validate/query` answers 404, `no such index [logs-*-copy]`:
# it behaves as with `allow_no_indices=false`, although its documentation states true as the default
# (https://docs.opensearch.org/latest/api-reference/search-apis/validate/). With `allow_no_indices=true` it answers 200.
# A client that checks a query before it sends the search is therefore told that the index of a good search is missing.
source "$(dirname "$0")/opensearch.sh"

all='{"query":{"match_all":{}}}'
path='logs-*,-logs-*-copy'
ask PUT 'logs-2026.11.27/_doc/1?refresh=true' '{"message":"hello"}' >/dev/null

expect "_search" 200 "$(ask POST "$path/_search" "$all" | cut -c1-3)"
expect "_count" 200 "$(ask POST "$path/_count" "$all" | cut -c1-3)"
answer=$(ask POST "$path/_validate/query" "$all")
expect "_validate/query" 404 "${answer:0:3}"
expect "its reason" "no such index [logs-*-copy]" "$(sed -n 's/.*"reason":"\([^"]*\)".*/\1/p' <<<"$answer")"
expect "_validate/query?allow_no_indices=true" 200 "$(ask POST "$path/_validate/query?allow_no_indices=true" "$all" | cut -c1-3)"
exit $changed
