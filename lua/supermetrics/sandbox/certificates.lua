--- A certificate authority and a server's certificate that live as long as the sandbox. Their keys never leave the
-- process.

local altname = require "openssl.x509.altname"
local context = require "openssl.ssl.context"
local extension = require "openssl.x509.extension"
local name = require "openssl.x509.name"
local pkey = require "openssl.pkey"
local rand = require "openssl.rand"
local x509 = require "openssl.x509"

local certificates = {}

local DAY = 24 * 60 * 60

-- A sandbox may run for months; a client whose clock is a day behind takes the certificate, too.
local DAYS_BEFORE, DAYS_AFTER = 1, 365

-- P-256: made in a millisecond, where an RSA key takes a good part of a second.
local function new_key()
  return pkey.new {type = "EC", curve = "prime256v1"}
end

local function distinguished_name(common_name)
  local result = name.new()
  result:add("CN", common_name)
  return result
end

local function new_certificate(subject, issuer, key)
  local certificate = x509.new()
  local now = os.time()
  certificate:setVersion(3)
  certificate:setSerial(rand.uniform(2 ^ 31) + 1)
  certificate:setSubject(distinguished_name(subject))
  certificate:setIssuer(distinguished_name(issuer))
  certificate:setLifetime(now - DAYS_BEFORE * DAY, now + DAYS_AFTER * DAY)
  certificate:setPublicKey(key)
  return certificate
end

local AUTHORITY = "Throw-away authority of a Supermetrics sandbox"

local function new_authority(key)
  local certificate = new_certificate(AUTHORITY, AUTHORITY, key)
  certificate:setBasicConstraints {CA = true}
  certificate:setBasicConstraintsCritical(true)
  certificate:addExtension(extension.new("keyUsage", "critical,keyCertSign,cRLSign"))
  certificate:addExtension(extension.new("subjectKeyIdentifier", "hash", {subject = certificate}))
  certificate:sign(key, "sha256")
  return certificate
end

local LOOPBACK_ADDRESSES = {"127.0.0.1", "::1"}

local function is_address(host)
  return host:find(":", 1, true) ~= nil or host:find("^%d+%.%d+%.%d+%.%d+$") ~= nil
end

local function alternative_names(host)
  local list = altname.new()
  list:add("DNS", "localhost")
  for _, address in ipairs(LOOPBACK_ADDRESSES) do
    list:add("IP", address)
  end
  -- Twice does no harm.
  list:add(is_address(host) and "IP" or "DNS", host)
  return list
end

local function choose_protocol(offered_by_us)
  return function(_, offered)
    for _, protocol in ipairs(offered_by_us) do
      for _, candidate in ipairs(offered) do
        if candidate == protocol then
          return protocol
        end
      end
    end
  end
end

local function new_context(certificate, key, protocols)
  local tls = context.new("TLS", true)
  tls:setCertificate(certificate)
  tls:setPrivateKey(key)
  tls:setAlpnSelect(choose_protocol(protocols))
  return tls
end

--- Makes both.
-- @param host string, the address or name to listen on; localhost, 127.0.0.1 and ::1 are covered in any case
-- @param protocols list of names for ALPN, the preferred one first
-- @return table: `context` (an openssl.ssl.context for a server), `authority` (PEM, what a client is to trust)
function certificates.new(host, protocols)
  local authority_key, key = new_key(), new_key()
  local authority = new_authority(authority_key)
  local certificate = new_certificate("localhost", AUTHORITY, key)
  certificate:setSubjectAlt(alternative_names(host))
  certificate:setBasicConstraints {CA = false}
  -- Strict verifiers, such as that of Python 3.13, ask for it.
  certificate:addExtension(extension.new("authorityKeyIdentifier", "keyid", {issuer = authority}))
  certificate:sign(authority_key, "sha256")
  return {context = new_context(certificate, key, protocols), authority = authority:toPEM()}
end

return certificates
