#!/usr/bin/env bash
# aws-lambda-ric 4.0.2 (Node.js): one failure has another error type in the JSON log format than in the text format.
#
# The text format writes the name of the error as `errorType`, as the Runtime API does: `Runtime.HandlerNotFound`. The
# JSON format writes the name of its class: `HandlerNotFoundError`. An error of the function that sets `name` differs in
# the same way. A search or an alarm for `Runtime.HandlerNotFound` finds nothing once a function logs in JSON.
source "$(dirname "$0")/lib.sh"
in_a_temporary_folder
echo '{}' >package.json
# Its install script compiles curl: two minutes, with make, cmake and a C++ compiler.
npm install --silent --no-audit --no-fund aws-lambda-ric@4.0.2 node@22.23.3
cat >shop.mjs <<'JS'
class Declined extends Error {
  name = "Shop.Declined";
}
export const pay = () => {
  throw new Declined("card was declined");
};
JS
echo "aws-lambda-ric 4.0.2, Node.js $(node_modules/node/bin/node --version)"

type_of() { # log format, handler: prints the error type of the first record
  PYTHONPATH=$here/../runtimes PYTHONDONTWRITEBYTECODE=1 python3 - "$@" <<'PY'
import re, sys
from runtime_api import Function
env = {"AWS_LAMBDA_LOG_FORMAT": sys.argv[1], "_HANDLER": sys.argv[2], "LAMBDA_TASK_ROOT": "."}
command = ["node_modules/node/bin/node", "node_modules/aws-lambda-ric/index.mjs"]
events = Function("finding", command, env, ["once"], True, ".").invoke_all()
print(re.search('"errorType":"([^"]*)"', (events["init"] + events.get("once", []))[0])[1])
PY
}
expect "no such handler, text" Runtime.HandlerNotFound "$(type_of TEXT shop.refund)"
expect "no such handler, JSON" HandlerNotFoundError "$(type_of JSON shop.refund)"
expect "an error with a name, text" Shop.Declined "$(type_of TEXT shop.pay)"
expect "an error with a name, JSON" Declined "$(type_of JSON shop.pay)"
exit $changed
