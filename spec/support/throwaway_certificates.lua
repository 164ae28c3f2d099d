--- Certificates for a server on 127.0.0.1 and localhost, made anew for every server; the keys never leave the process.

local altname = require "openssl.x509.altname"
local context = require "openssl.ssl.context"
local name = require "openssl.x509.name"
local pkey = require "openssl.pkey"
local rand = require "openssl.rand"
local x509 = require "openssl.x509"

local DAY = 24 * 60 * 60

local throwaway_certificates = {}

-- P-256: made in a millisecond, where an RSA key takes a good part of a second.
local function new_key()
  return pkey.new { type = "EC", curve = "prime256v1" }
end

local function new_certificate(common_name, key, from_day, until_day)
  local certificate = x509.new()
  local subject = name.new()
  local now = os.time()
  subject:add("CN", common_name)
  certificate:setVersion(3)
  certificate:setSerial(rand.uniform(2 ^ 31) + 1)
  certificate:setSubject(subject)
  certificate:setIssuer(subject)
  certificate:setLifetime(now + from_day * DAY, now + until_day * DAY)
  certificate:setPublicKey(key)
  return certificate
end

--- Makes a certificate authority.
-- @param common_name string
-- @return table with `certificate` and `key`
function throwaway_certificates.new_authority(common_name)
  local key = new_key()
  local certificate = new_certificate(common_name, key, -1, 1)
  certificate:setBasicConstraints { CA = true }
  certificate:setBasicConstraintsCritical(true)
  certificate:sign(key, "sha256")
  return { certificate = certificate, key = key }
end

-- What is wrong with each kind, if anything. `issuer`: "ours" is the one the client is given.
local KINDS = {
  trusted = { issuer = "ours" },
  untrusted = { issuer = "other" },
  self_signed = { issuer = "self" },
  expired = { issuer = "ours", from_day = -2, until_day = -1 },
  wrong_name = { issuer = "ours", host = "wrong.example" },
  revoked_root = { issuer = "ours" },
}

local function names(host)
  local list = altname.new()
  if host then
    list:add("DNS", host)
  else
    list:add("DNS", "localhost")
    list:add("IP", "127.0.0.1")
  end
  return list
end

local function server_certificate(authority, kind)
  local key = new_key()
  local certificate = new_certificate(kind.host or "localhost", key, kind.from_day or -1, kind.until_day or 1)
  certificate:setSubjectAlt(names(kind.host))
  local issuer = kind.issuer == "ours" and authority
    or kind.issuer == "other" and throwaway_certificates.new_authority("Another throw-away authority")
  if issuer then
    certificate:setIssuer(issuer.certificate:getSubject())
  end
  certificate:sign(issuer and issuer.key or key, "sha256")
  return certificate, key
end

local function choose_protocol(wanted)
  return function(_, offered)
    for _, protocol in ipairs(wanted) do
      for _, candidate in ipairs(offered) do
        if candidate == protocol then
          return protocol
        end
      end
    end
  end
end

--- Makes the TLS side of a server.
-- @param authority table from `new_authority`, the one that clients are told to trust
-- @param options table: `certificate` one of trusted (also where absent), untrusted, self_signed, expired, wrong_name,
--   revoked_root (which is the trusted one: see `authority_file`);
--   `alpn` list of protocol names; `version` the only TLS version spoken, such as "TLSv1_1"
-- @return an openssl.ssl.context for a server
function throwaway_certificates.new_server_context(authority, options)
  local kind_name = options.certificate or "trusted"
  local kind = assert(KINDS[kind_name], "no such kind of certificate: " .. kind_name)
  local tls = context.new(options.version or "TLS", true)
  if options.version then
    -- OpenSSL 3 speaks nothing older than TLS 1.2 above security level 0.
    tls:setCipherList("ALL:@SECLEVEL=0")
  end
  local certificate, key = server_certificate(authority, kind)
  tls:setCertificate(certificate)
  tls:setPrivateKey(key)
  if options.alpn then
    tls:setAlpnSelect(choose_protocol(options.alpn))
  end
  return tls
end

local function output_with_input(command, input)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  assert(file:write(input))
  assert(file:close())
  local pipe = assert(io.popen(command .. " -in " .. path, "r"))
  local output = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return output
end

--- The text of a file of trusted certificates with this authority in it. Where the root is revoked, it stands there
-- with the word that it is no longer to be trusted for servers.
-- @param authority table from `new_authority`
-- @param options table: `certificate`, as for `new_server_context`
-- @return string
function throwaway_certificates.authority_file(authority, options)
  local text = authority.certificate:toPEM()
  if options.certificate ~= "revoked_root" then
    return text
  end
  text = output_with_input("openssl x509 -trustout -addreject serverAuth", text)
  assert(text:find("BEGIN TRUSTED CERTIFICATE", 1, true), "openssl did not write the certificate")
  return text
end

return throwaway_certificates
