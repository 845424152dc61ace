#!/usr/bin/env bash
# A script.
set -eu

readonly MAX_SIZE=10
export NAME="x"
counter=0

# Prints help.
usage() {
  local text="help"
  echo "$text $MAX_SIZE"
}

function run {
  usage
}

alias ll='ls -l'
run "$@"
