# The security plugin of the OpenSearch node; sourced by `opensearch`, not run.
fetch_security() {
  installed "$secure" "$1" && return
  need mvn python3 openssl
  local began=$SECONDS plugin=$secure/opensearch-security
  say "downloading the security plugin (49 MB)"
  rm -rf "$secure"; mkdir -p "$plugin"
  maven -q -f "$here/opensearch-security.xml" "-Dos=$version" dependency:copy-dependencies -DoutputDirectory="$secure/jars" >"$secure/install.log" 2>&1 \
    || { tail -20 "$secure/install.log" >&2; die "Maven failed (above: the end of its log)"; }
  python3 -m zipfile -e "$secure"/jars/opensearch-security-*.zip "$plugin"
  mv "$secure"/jars/commons-collections4-*.jar "$plugin/"; rm -rf "$secure/jars"
  # it extends modules that are not on Maven Central, for four classes that nothing here uses
  sed -i.old 's/^extended.plugins=.*/extended.plugins=/' "$plugin/plugin-descriptor.properties"; rm -f "$plugin"/*.old
  certificates "$secure/tls" >"$secure/openssl.log" 2>&1 || { tail -5 "$secure/openssl.log" >&2; die "openssl failed (above: the end of its log)"; }
  chmod -R a+rX "$secure"
  echo "$1" >"$secure/.stamp"
  say "security plugin installed in $(elapsed "$began")"
}

certificates() ( # folder
  set -e
  mkdir -p "$1"; cd "$1"
  authority='basicConstraints=critical,CA:true' signs='keyUsage=critical,keyCertSign,cRLSign'
  for name in ca other-ca; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/O=logferry tests/CN=$name" -keyout $name-key.pem -out $name.pem \
      -addext "$authority" -addext "$signs"
  done
  for name in node client; do
    openssl req -new -newkey rsa:2048 -nodes -subj "/O=logferry tests/CN=$name" -keyout $name-key.pem -out $name.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:false\n' >$name.ext
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -sha256 -extfile $name.ext -out $name.pem
  done
  rm -f ./*.csr ./*.ext ./*.srl ca-key.pem other-ca-key.pem
)

configure_security() { # the node's configuration folder
  cp -r "$secure/opensearch-security/config" "$1/opensearch-security"
  cp "$secure"/tls/{ca,node,node-key}.pem "$1"
  # the plugin's own demo users, among them admin with password admin, but no role that all users have; and users by client certificate
  cat >"$1/opensearch-security/roles_mapping.yml" <<'Y'
_meta: {type: rolesmapping, config_version: 2}
all_access: {reserved: false, backend_roles: [admin]}
Y
  cat >"$1/opensearch-security/config.yml" <<'Y'
_meta: {type: config, config_version: 2}
config:
  dynamic:
    http: {anonymous_auth_enabled: false}
    authc:
      by_certificate:
        order: 0
        http_enabled: true
        http_authenticator: {type: clientcert, challenge: false, config: {username_attribute: cn}}
        authentication_backend: {type: noop}
      by_password:
        order: 1
        http_enabled: true
        http_authenticator: {type: basic, challenge: true}
        authentication_backend: {type: intern}
Y
  cat >>"$1/opensearch.yml" <<'Y'
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node-key.pem
plugins.security.ssl.transport.pemtrustedcas_filepath: ca.pem
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.ssl.http.enabled: true
plugins.security.ssl.http.clientauth_mode: OPTIONAL
plugins.security.ssl.http.pemcert_filepath: node.pem
plugins.security.ssl.http.pemkey_filepath: node-key.pem
plugins.security.ssl.http.pemtrustedcas_filepath: ca.pem
plugins.security.allow_default_init_securityindex: true
plugins.security.nodes_dn: ["CN=node,O=logferry tests"]
plugins.security.restapi.roles_enabled: [all_access, security_rest_api_access]
plugins.security.audit.type: noop
Y
  find "$1" -type d -exec chmod 700 {} +
  find "$1" -type f -exec chmod 600 {} +
}
