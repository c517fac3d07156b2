#!/usr/bin/env bash
# All that is worth doing where a real Quarto is: the demonstration by both renderers, in a copy of the project.
# It compares them and looks for outside hosts, holes, broken links and what the PDF lacks, and works in the root as
# a writer of pages does. About half an hour; exit code 1 where anything is wrong.
#   tests/with_quarto.sh            # after `make test`; more arguments go to pytest, e.g. -x or -k preview
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v quarto >/dev/null; then
  echo "No Quarto is on the PATH: install it from https://quarto.org, then run this again." >&2
  exit 1
fi
python=python3
if [ -x .venv/bin/python ]; then python=.venv/bin/python; fi
echo "Quarto $(quarto --version), $(quarto typst --version 2>/dev/null || echo 'Typst unknown')"
exec "$python" -m pytest -n 0 -v --durations=0 --durations-min=1 tests/csrkit/render/by_quarto.py tests/csrkit/render/test_quarto.py "$@"
