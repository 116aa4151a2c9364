#!/bin/sh
# deploy/kubernetes/make-secrets.sh [--renew] [--namespace NAME] [HOST]...: makes a folder deploy/kubernetes/secrets/NAME-OF-A-SECRET for
# each secret that the manifests name, and "kept" for what belongs to you and into no cluster: tokens, and the authorities' keys. HOSTs
# are further names and addresses by which clients reach the nodes, an ingress for one; they need not be told again. What is there
# already is kept, but for certificates that expire within 30 days, and those of other HOSTs. --renew signs all of them anew.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
script=deploy/kubernetes/make-secrets.sh
folder=$root/deploy/kubernetes/secrets
. ../../docker/parts/secret-files.sh
renew=
namespace=understudy
while :; do
  case ${1-} in
  --renew) renew=yes && shift ;;
  --namespace) namespace=$2 && shift 2 ;;
  -*) sed -n '2,5s/^# //p' make-secrets.sh >&2 && exit 2 ;;
  *) break ;;
  esac
done
for secret in kept understudy-database understudy-access understudy-tls understudy-etcd-tls understudy-etcd-client; do
  mkdir -p "$folder/$secret"
done
set -f
remember "$@"
# shellcheck disable=SC2046
set -- $(cat "$folder/hosts")

# One password, since each server's account is used by the node beside it alone, within the pod.
password understudy-database/database-password 0600
keep understudy-database/database-url 0600 \
  "mysql://understudy:$(cat "$folder/understudy-database/database-password")@127.0.0.1:3306"

# Who may do what, as docs/security.md has it. Made once, together: the file of tokens is yours to change afterwards.
if [ ! -s "$folder/understudy-access/tokens.json" ]; then
  token kept/operator-token 0600
  token kept/app-token 0600
  token kept/monitor-token 0600
  token understudy-access/node-token 0600
  keep understudy-access/tokens.json 0600 "{
  \"tokens\": [
$(entry operator kept/operator-token read,write,ddl,monitor,admin),
$(entry app kept/app-token read,write),
$(entry monitor kept/monitor-token monitor),
$(entry nodes understudy-access/node-token replicate)
  ]
}
"
fi

# signed SECRET AUTHORITY USES HOST...: as Kubernetes calls the files
signed() {
  secret=$1 authority=$2
  shift 2
  certificate "$secret/tls" 0600 "$authority" "$@"
  cat "$folder/$authority.crt" >"$folder/$secret/ca.crt"
}

# One certificate for all nodes, by whatever name they are called. Each of this authority counts as a node's: it signs no other.
authority kept/ca "Understudy nodes"
signed understudy-tls kept/ca serverAuth,clientAuth "*.understudy-nodes.$namespace.svc" understudy "understudy.$namespace" \
  "understudy.$namespace.svc" "understudy.$namespace.svc.cluster.local" localhost 127.0.0.1 "$@"

# One for the members of etcd, which look up these names of each other, and one for the nodes as its clients.
authority kept/etcd-ca "Understudy etcd"
signed understudy-etcd-tls kept/etcd-ca serverAuth,clientAuth "understudy-etcd-0.understudy-etcd.$namespace.svc" \
  "understudy-etcd-1.understudy-etcd.$namespace.svc" "understudy-etcd-2.understudy-etcd.$namespace.svc" localhost 127.0.0.1
signed understudy-etcd-client kept/etcd-ca clientAuth understudy

echo "deploy/kubernetes/secrets: $(files_of "$folder")"
