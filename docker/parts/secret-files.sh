# shellcheck shell=sh disable=SC2154
# What makes files of secrets; docker/make-secrets.sh and deploy/kubernetes/make-secrets.sh read it. They set before: $root, the
# folder of the repository; $script, themselves from there; $folder, where the files go, within $root. And $renew: not empty where
# certificates are to be signed anew.
#
# Each file is made once, and kept from then on. Certificates are signed anew, for the keys that they have, when fewer than 30 days
# are left of them, or their authority is another one.

# All of it is openssl's work (LibreSSL's will do). A machine that has none has it in the image of the database server.
if ! command -v openssl >/dev/null; then
  exec docker run --rm --user "$(id -u):$(id -g)" --volume "$root:/understudy" --env "shown=$folder" --entrypoint sh \
    "${MYSQL_IMAGE:-mysql:9}" "/understudy/$script" "$@"
fi

days_of_authorities=3650
# as long as browsers and macOS take one
days_of_certificates=825
seconds_left=2592000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
chmod 0700 "$folder"

# keep FILE MODE TEXT
keep() {
  [ -s "$folder/$1" ] || (umask 077 && printf '%s' "$3" >"$folder/$1")
  chmod "$2" "$folder/$1"
}

# password FILE MODE
password() { keep "$1" "$2" "$(openssl rand -hex 24)"; }

# token FILE MODE: 256 bits of chance
token() { keep "$1" "$2" "understudy_$(openssl rand -hex 32)"; }

# entry NAME FILE RIGHTS: the token of that file as the nodes know it, by its hash alone
entry() {
  printf '    { "name": "%s", "sha256": "%s", "rights": ["%s"] }' "$1" \
    "$(openssl dgst -sha256 <"$folder/$2" | sed 's/.*[= ]//')" "$(printf %s "$3" | sed 's/,/", "/g')"
}

# key FILE MODE: of an elliptic curve, which all programs here take
key() {
  [ -s "$folder/$1" ] || (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$folder/$1")
  chmod "$2" "$folder/$1"
}

# authority NAME TITLE: NAME.crt, and NAME.key, which nobody needs but the script that signs
authority() {
  key "$1.key" 0600
  cat >"$work/authority.cnf" <<END
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = $2
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
  [ -s "$folder/$1.crt" ] || openssl req -x509 -new -sha256 -days "$days_of_authorities" \
    -config "$work/authority.cnf" -key "$folder/$1.key" -out "$folder/$1.crt"
  chmod 0644 "$folder/$1.crt"
}

# certificate NAME MODE AUTHORITY USES HOST...: NAME.crt, signed by that authority, and NAME.key with that mode. USES are serverAuth,
# clientAuth or both. HOSTs are names and addresses.
certificate() {
  key "$1.key" "$2"
  if [ -z "$renew" ] && [ -s "$folder/$1.crt" ] && {
    openssl x509 -checkend "$seconds_left" -noout -in "$folder/$1.crt" &&
      openssl verify -CAfile "$folder/$3.crt" "$folder/$1.crt"
  } >"$work/told" 2>&1; then
    return
  fi
  cat >"$work/certificate.cnf" <<END
[req]
distinguished_name = name
prompt = no
[name]
CN = ${1##*/}
[certificate]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $4
subjectAltName = $(shift 4 && alternatives "$@")
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
  openssl req -new -sha256 -config "$work/certificate.cnf" -key "$folder/$1.key" -out "$work/request"
  openssl x509 -req -sha256 -days "$days_of_certificates" -in "$work/request" -set_serial "0x1$(openssl rand -hex 8)" \
    -CA "$folder/$3.crt" -CAkey "$folder/$3.key" -extfile "$work/certificate.cnf" -extensions certificate \
    -out "$work/certificate" 2>"$work/told" || { cat "$work/told" >&2 && return 1; }
  # in place: a container that has the file mounted would not see another one that is moved there
  cat "$work/certificate" >"$folder/$1.crt"
  chmod 0644 "$folder/$1.crt"
}

# remember HOST...: has them certified from now on. Where none are given, those of before are; they are in "hosts", a line each.
remember() {
  [ -e "$folder/hosts" ] || : >"$folder/hosts"
  [ $# -gt 0 ] || return 0
  printf '%s\n' "$@" >"$work/hosts"
  [ "$(cat "$work/hosts")" = "$(cat "$folder/hosts")" ] || renew=yes
  cat "$work/hosts" >"$folder/hosts"
}

# alternatives HOST...: as subjectAltName has them
alternatives() {
  list=
  for host in "$@"; do
    case $host in
    *:*) kind=IP ;;
    *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
    esac
    list="$list${list:+, }$kind:$host"
  done
  printf %s "$list"
}

# what FOLDER has now, in one line
files_of() { (cd "$1" && find . -type f | sed 's|^\./||' | sort | tr '\n' ' '); }
