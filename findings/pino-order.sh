#!/usr/bin/env bash
# pino 10.4.0 (sonic-boom 4.2.1): a record that was logged before a `fatal` one is written after it.
#
# The default destination writes asynchronously. `fatal` flushes it synchronously: the records that wait are written at
# once, also while an earlier write has not been carried out yet. That write then comes last: `first` below.
# Here one thread of Node.js's pool is kept busy, so that it happens in each run; without that it happened in 3 of
# 12 runs on a loaded machine. With `pino.destination({ sync: true })` the order is kept.
# A reader that takes the order of the lines as the order of events sees a function log on after its fatal record.
source "$(dirname "$0")/lib.sh"
in_a_temporary_folder
echo '{}' >package.json
npm install --silent --no-audit --no-fund pino@10.4.0 sonic-boom@4.2.1
echo "pino 10.4.0, sonic-boom 4.2.1, Node.js $(node --version)"

cat >log.js <<'JS'
const pino = require("pino");
const log = process.argv[2] === "sync" ? pino(pino.destination({ sync: true })) : pino();
require("crypto").pbkdf2("p", "s", 300000, 64, "sha512", () => {});
log.info("first");
log.info("second");
log.fatal("third");
JS
order() { UV_THREADPOOL_SIZE=1 node log.js "$1" | sed 's/.*"msg":"\([a-z]*\)".*/\1/' | xargs; }
expect "default destination" "second third first" "$(order default)"
expect "sync: true" "first second third" "$(order sync)"
exit $changed
