#!/bin/sh
# docker/make-secrets.sh [--renew] [HOST]...: makes the files in docker/secrets that the compose files hand to the containers:
# passwords, tokens and certificates. HOSTs are names and addresses besides 127.0.0.1 and localhost by which clients reach the
# nodes; they need not be told again. What is there already is kept, but for certificates that are needed anew: of those that expire
# within 30 days, and of other HOSTs. --renew signs all of them anew.
#
# The folder is for you alone (mode 700). What containers get of it can be read by the containers' own users, who are not you.
set -eu
cd "$(dirname "$0")"
root=$(cd .. && pwd)
script=docker/make-secrets.sh
folder=$root/docker/secrets
. ./parts/secret-files.sh
renew=
case ${1-} in
--renew) renew=yes && shift ;;
-*) sed -n '2,5s/^# //p' make-secrets.sh >&2 && exit 2 ;;
esac

set -f
remember "$@"
# shellcheck disable=SC2046
set -- $(cat secrets/hosts)

password database-password 0644
password grafana-password 0644

# Who may do what, as docs/security.md has it. Made once, together: the file of tokens is yours to change afterwards.
mkdir -p secrets/access
chmod 0755 secrets/access
if [ ! -s secrets/access/tokens.json ]; then
  token operator-token 0644
  token app-token 0600
  token monitor-token 0644
  token node-token 0644
  keep access/tokens.json 0644 "{
  \"tokens\": [
$(entry operator operator-token read,write,ddl,monitor,admin),
$(entry app app-token read,write),
$(entry monitor monitor-token monitor),
$(entry nodes node-token replicate)
  ]
}
"
fi

# Of the nodes. Each certificate of this authority counts as a node's, so it signs no other ones.
authority ca "Understudy nodes"
for node in master slave1 slave2; do
  certificate "$node" 0644 ca serverAuth,clientAuth "$node" localhost 127.0.0.1 "$@"
done

# Of the database servers. Each node finds its own one as "database", HAProxy's clients find them where HAProxy listens.
authority database-ca "Understudy database servers"
for server in master-database slave1-database slave2-database; do
  certificate "$server" 0644 database-ca serverAuth "$server" database proxy localhost 127.0.0.1 "$@"
done
tls="ssl-mode=VERIFY_IDENTITY&ssl-ca=/run/secrets/database-ca.crt"
# of what is there, so that a file of before TLS is replaced
printf '%s' "mysql://understudy:$(cat secrets/database-password)@database:3306?$tls" >secrets/database-url
chmod 0644 secrets/database-url

# Of etcd, for its members among themselves and for the nodes.
authority etcd-ca "Understudy etcd"
for member in etcd1 etcd2 etcd3; do
  certificate "$member" 0644 etcd-ca serverAuth,clientAuth "$member" localhost 127.0.0.1
done
certificate etcd-client 0644 etcd-ca clientAuth etcd-client

# For you: curl --config docker/secrets/curl https://127.0.0.1:8083/cluster
(umask 077 && cat >secrets/curl <<END
silent
show-error
cacert = "${shown:-$folder}/ca.crt"
header = "authorization: Bearer $(cat secrets/operator-token)"
END
)
echo "docker/secrets: $(files_of secrets)"
