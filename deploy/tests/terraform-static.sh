#!/usr/bin/env bash
# The checks of deploy/terraform that need Python alone: settings and permissions against the sources and the docs,
# metric math, READMEs. Two seconds.
source "$(dirname "$0")/lib.sh"
need python3
cd deploy/tests/terraform
PYTHONDONTWRITEBYTECODE=1 exec python3 -m unittest discover -p 'test_*.py'
