#!/usr/bin/env bash
# Runs `slsa-pip install` with what the action was given. Empty inputs count as not given. Works with bash 3.2 as well.
set -euof pipefail
[ -n "${SLSA_PIP_POLICY:-}" ] || unset SLSA_PIP_POLICY
[ -n "${SLSA_PIP_PYTHON:-}" ] || unset SLSA_PIP_PYTHON
program=${SLSA_PIP_PROGRAM:-${RUNNER_TEMP:-}/slsa-pip/bin/slsa-pip}
arguments=(install)
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || arguments+=(--github-summary)
given=0
while IFS= read -r line; do
  # File names are separated by blanks as well; a name that holds one cannot be given.
  for file in $line; do
    arguments+=(-r "$file")
    given=1
  done
done <<<"${REQUIREMENTS:-}"
arguments+=(--)
while IFS= read -r line; do
  line=${line#"${line%%[![:space:]]*}"}
  line=${line%"${line##*[![:space:]]}"}
  if [ -n "$line" ]; then
    arguments+=("$line")
    given=1
  fi
done <<<"${PACKAGES:-}"
if [ "$given" = 0 ]; then
  echo 'error: neither `requirements` nor `packages` was given' >&2
  exit 2
fi
exec "$program" "${arguments[@]}"
