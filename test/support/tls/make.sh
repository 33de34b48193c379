#!/usr/bin/env bash
# Makes the certificates of this folder anew. They are worth nothing: the authority's key is thrown away, and the one
# key that stays here is public. Needs openssl. Run it from anywhere; commit what changes.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

openssl ecparam -name prime256v1 -genkey -noout -out authority-key.pem
openssl req -x509 -new -key authority-key.pem -subj '/CN=ima-router test authority' -days 36500 -out authority.pem
openssl ecparam -name prime256v1 -genkey -noout -out server-key.pem
openssl req -x509 -new -key server-key.pem -subj '/CN=localhost' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
  -days 36500 -out self-signed.pem

# issue <file> <names> <from> <until>
issue() {
  rm -rf ca && mkdir ca && : >ca/index && echo 01 >ca/serial
  cat >ca/config <<CONFIG
[ca]
default_ca = test
[test]
database = ca/index
serial = ca/serial
new_certs_dir = ca
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectAltName = $2
basicConstraints = CA:FALSE
CONFIG
  openssl req -new -key server-key.pem -subj "/CN=$1" -out request.pem
  openssl ca -batch -notext -config ca/config -in request.pem -cert authority.pem -keyfile authority-key.pem \
    -startdate "$3" -enddate "$4" -out "$1.pem"
}
issue good DNS:localhost,IP:127.0.0.1 20200101000000Z 21200101000000Z
issue expired DNS:localhost,IP:127.0.0.1 20200101000000Z 20210101000000Z
issue not-yet-valid DNS:localhost,IP:127.0.0.1 21000101000000Z 21200101000000Z
issue elsewhere DNS:elsewhere.example 20200101000000Z 21200101000000Z

cp authority.pem server-key.pem self-signed.pem good.pem expired.pem not-yet-valid.pem elsewhere.pem "$here/"
