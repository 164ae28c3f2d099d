-- Every operation against what goes wrong in TLS, before anything is sent.

local fault_table = require "spec.support.fault_table"

local function old_version_row(version)
  return {name = "a server that speaks nothing newer than " .. version, kind = "tls", outcome = "not_applied",
    tls = {version = version}, answer = fault_table.reply}
end

local function certificate_row(name, certificate)
  return {name = "a certificate " .. name, kind = "tls", outcome = "not_applied",
    tls = {certificate = certificate}, answer = fault_table.reply}
end

fault_table.describe("faults of TLS:", {
  {name = "a certificate as it must be, TLS 1.2", tls = {version = "TLSv1_2"}, answer = fault_table.reply},
  certificate_row("of an unknown root", "untrusted"),
  certificate_row("of a root that is revoked", "revoked_root"),
  certificate_row("that is signed by itself", "self_signed"),
  certificate_row("that has expired", "expired"),
  certificate_row("for another name", "wrong_name"),
  old_version_row("TLSv1"), old_version_row("TLSv1_1"),
  {name = "a TLS record that is garbage", kind = "tls", outcome = "not_applied", tls = {},
    script = {{at = "accept", {receive = 1}, {send = "\22\3\3\0\4xxxx"}, {close = true}}}},
  {name = "a server that speaks plain HTTP", kind = "tls", outcome = "not_applied", tls = {},
    script = {{at = "accept", {receive = 1}, {send = "HTTP/1.1 400 No\r\n\r\n"}, {close = true}}}},
  {name = "a handshake that is reset", kind = "tls", outcome = "not_applied", tls = {},
    script = {{at = "accept", {receive = 1}, {reset = true}}}},
  {name = "a handshake that never ends", kind = "timeout", outcome = "not_applied", tls = {}, stalls = true,
    options = {connect_timeout = fault_table.SHORT}, script = {{at = "accept", {stall = true}}}},
})
