#!/usr/bin/env bash
# The checks of deploy/terraform that need Python alone: settings and permissions against the sources and the docs, metric
# math, READMEs. Two seconds.
set -euo pipefail
cd "$(dirname "$0")/terraform"
exec python3 -m unittest discover -p 'test_*.py'
