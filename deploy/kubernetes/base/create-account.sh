#!/bin/sh
# Runs once, while the image of a database server makes its data folder: the account of the server's node. Each server makes its
# own, and keeps it out of its binlog, since a slave could not create again what it has already.
set -eu
password=$(cat /run/secrets/database-password)
client=$(command -v mysql || command -v mariadb)
login=$(mktemp)
printf '[client]\nuser=root\npassword="%s"\n' "$password" >"$login"
"$client" --defaults-extra-file="$login" <<SQL
SET SESSION sql_log_bin = 0;
CREATE USER understudy@'%' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO understudy@'%' WITH GRANT OPTION;
SQL
rm "$login"
