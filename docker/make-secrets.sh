#!/bin/sh
# Makes the files in docker/secrets that the compose files hand to the containers, with passwords of chance. What is there
# already is kept. The folder is for you alone; the files in it can be read by the containers' own users, who are not you.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 0700 secrets

random() { od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n'; }

keep() { # keep FILE TEXT
  [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
  chmod 0644 "secrets/$1"
}

keep database-password "$(random)"
# Every node finds its own server under the name "database".
keep database-url "mysql://understudy:$(cat secrets/database-password)@database:3306"
keep grafana-password "$(random)"
echo "docker/secrets: $(ls secrets | tr '\n' ' ')"
