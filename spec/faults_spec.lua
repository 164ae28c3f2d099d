-- Every operation against what goes wrong on the way and in the HTTP/1.1 of an answer: what one attempt makes of it.
-- What goes wrong in its body is in faults_body_spec.lua, in TLS and HTTP/2 in theirs; the sentences that users read
-- are in error_spec.lua.

local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local fault_table = require "spec.support.fault_table"
local libcurl = require "spec.support.libcurl"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"
local unreachable_port = require "spec.support.unreachable_port"

local raw, reply, SHORT = fault_table.raw, fault_table.reply, fault_table.SHORT

-- Of whatever operation, since it is never whole.
local SOME_BODY = '{"data":{"transfer_backfill_id":67890,"status":"CANCELLED"}}'

local function redirect_row(status)
  return {name = ("a redirect (%d) to another host"):format(status), kind = "unexpected_status", outcome = "unknown",
    redirects = status}
end

local bomb

-- 64 MiB of zeros, compressed.
local function gzip_bomb()
  if not bomb then
    local pipe = assert(io.popen("head -c 67108864 /dev/zero | gzip -9", "r"))
    bomb = pipe:read("*a")
    pipe:close()
    assert(#bomb > 10000 and #bomb < 100000)
  end
  return bomb
end

local rows = {
  {name = "a refused connection", kind = "network", outcome = "not_applied", start = unreachable_port.refused},
  {name = "a connection that is never made", kind = "timeout", outcome = "not_applied",
    start = unreachable_port.silent, stalls = true, options = {connect_timeout = SHORT}},
  {name = "a reset before the headers", kind = "network", outcome = "unknown", script = {{{reset = true}}}},
  {name = "a reset in the headers", kind = "network", outcome = "unknown", answer = function(body)
    return {{send = reply(body):sub(1, 60)}, {reset = true}}
  end},
  {name = "a reset after the headers", kind = "network", outcome = "unknown", answer = function(body)
    return {{send = reply(body):match("^.-\r\n\r\n")}, {reset = true}}
  end},
  {name = "a reset in mid-body", kind = "network", outcome = "unknown", answer = function(body)
    return {{send = reply(body):sub(1, -20)}, {reset = true}}
  end},
  {name = "a stall before the headers", kind = "timeout", outcome = "unknown", stalls = true,
    options = {timeout = SHORT}, script = {{{stall = true}}}},
  {name = "a stall in mid-body", kind = "timeout", outcome = "unknown", stalls = true, options = {timeout = SHORT},
    script = {{{send = reply(SOME_BODY):sub(1, -20)}, {stall = true}}}},
  {name = "an answer that drips byte by byte", answer = function(body)
    return {{drip = reply(body), seconds = 0}}
  end},
  {name = "an answer that drips for longer than it may", kind = "timeout", outcome = "unknown", stalls = true,
    options = {timeout = SHORT}, script = {{{drip = reply(SOME_BODY), seconds = SHORT / 20}}}},
  {name = "a Content-Length that is too great", kind = "network", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {["Content-Length"] = #body + 7}} .. body)
  end},
  {name = "a Content-Length that is too small", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {["Content-Length"] = #body - 7}} .. body)
  end},
  -- libcurl 7.88 goes by the last.
  {name = "two Content-Lengths, the last too small", kind = "invalid_response", outcome = "unknown",
    answer = function(body)
      return raw(scripted_server.head{headers = {"Content-Length: " .. #body, "Content-Length: " .. #body - 7}} .. body)
    end},
  {name = "a Content-Length that is no number", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {"Content-Length: many"}} .. body)
  end},
  {name = "chunks of a size that is no number", kind = "network", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {["Transfer-Encoding"] = "chunked"}} .. "zz\r\n" .. body)
  end},
  {name = "chunks without an end", kind = "network", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {["Transfer-Encoding"] = "chunked"}}
      .. ("%x\r\n%s\r\n"):format(#body, body))
  end},
  {name = "chunks of the size of the address space", kind = "network", outcome = "unknown", answer = function(body)
    return raw(scripted_server.head{headers = {["Transfer-Encoding"] = "chunked"}} .. "ffffffffffffffffff\r\n" .. body)
  end},
  {name = "a body that says it is gzip and is not", kind = "invalid_response", outcome = "unknown",
    answer = function(body)
      return raw(reply(body, {["Content-Encoding"] = "gzip"}))
    end},
  {name = "a gzip bomb of 64 MiB", kind = "invalid_response", outcome = "unknown", answer = function()
    return raw(reply(gzip_bomb(), {["Content-Encoding"] = "gzip"}))
  end},
  {name = "a body of 1 GiB, its length announced", kind = "invalid_response", outcome = "unknown", script = {
    {{send = scripted_server.head{headers = {["Content-Length"] = 1073741824}}},
      {send = (" "):rep(65536), times = 16384}}}},
  {name = "a body of 1 GiB, its length not announced", kind = "invalid_response", outcome = "unknown", script = {
    {{send = scripted_server.head{}}, {send = (" "):rep(65536), times = 16384}}}},
  {name = "headers without an end", kind = "invalid_response", outcome = "unknown", script = {
    {{send = "HTTP/1.1 200 OK\r\n"}, {send = "X: " .. ("y"):rep(995) .. "\r\n", times = 100000}}}},
  -- Before libcurl 8.6 this cannot be told from memory that ran out, and the reason names both; see transfer_end.c.
  {name = "one header without an end", kind = libcurl.is_at_least(8, 6) and "invalid_response" or "aborted",
    outcome = "unknown", script = {{{send = "HTTP/1.1 200 OK\r\nX: "}, {send = ("y"):rep(1000), times = 100000}}}},
  {name = "a flood of 1xx", kind = "invalid_response", outcome = "unknown", script = {
    {{send = "HTTP/1.1 102 Processing\r\nX: " .. ("y"):rep(200) .. "\r\n\r\n", times = 100000}}}},
  {name = "a flood of 1xx without headers", kind = "invalid_response", outcome = "unknown", script = {
    {{send = ("HTTP/1.1 100 Continue\r\n\r\n"):rep(1000), times = 1000}}}},
  {name = "a 1xx before the answer", answer = function(body)
    return raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" .. reply(body))
  end},
  {name = "HTTP/0.9", kind = "invalid_response", outcome = "unknown", answer = raw},
  {name = "a 204", kind = "invalid_response", outcome = "unknown", has_no_body = true, script = {
    "HTTP/1.1 204 No Content\r\n\r\n"}},
  {name = "a 200 of length 0", kind = "invalid_response", outcome = "unknown", has_no_body = true, script = {
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
  {name = "a 200 of no chunk", kind = "invalid_response", outcome = "unknown", has_no_body = true, script = {
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}},
  {name = "a 200 that is cut after its headers and named no length", kind = "invalid_response", outcome = "unknown",
    script = {{{send = scripted_server.head{}}, {close = true}}}},
  {name = "a 304", kind = "unexpected_status", outcome = "unknown", script = {"HTTP/1.1 304 Not Modified\r\n\r\n"}},
  redirect_row(301), redirect_row(302), redirect_row(303), redirect_row(307), redirect_row(308),
  {name = "a 500 without a body", kind = "server_error", outcome = "unknown", script = {
    "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}},
  {name = "a 403 whose body is garbage", kind = "forbidden", outcome = "not_applied", script = {
    answers.json(403, "\0\1\2\255")}},
}

local function deadline_holds(run)
  it("a deadline holds over all that a call does about a fault", function()
    for _, row in ipairs(rows) do
      if row.stalls then
        local server = run:server_of(row)
        for name, call in pairs{
          cancel_backfill = function(client)
            return client:cancel_backfill(12345, 67890)
          end,
          create_backfill = function(client)
            return client:create_backfill(12345, 456, "2024-01-01", "2024-01-31")
          end,
          get_backfill = function(client)
            return client:get_backfill(12345, 67890)
          end,
        } do
          if row.script then
            server:script(row.script)
          end
          local client = client_module.new{api_key = "key", base_url = server:base_url(), deadline = SHORT}
          local began = core.now()
          local value, err = call(client)
          local what = name .. ", " .. row.name
          assert.truthy(core.now() - began < SHORT + slowness, what)
          assert.is_nil(value, what)
          assert.equal("timeout", err.kind, what)
          assert.equal(name ~= "get_backfill" and row.outcome or "not_applied", err.outcome, what)
          client:close()
        end
        if row.start then
          server:stop()
        end
      end
    end
  end)
end

local function cuts_are_never_a_success(run)
  it("a correct answer cut off after each of its bytes is never a success", function()
    local server = run:server_of{}
    for _, operation in ipairs(fault_table.operations) do
      local body = operation.body(fault_table.backfill_with())
      local without_length = scripted_server.head{headers = {["Content-Type"] = "application/json"}} .. body
      for _, whole in ipairs{reply(body), without_length} do
        local script = {}
        for length = 0, #whole - 1 do
          script[length + 1] = length > 0 and raw(whole:sub(1, length)) or {{close = true}}
        end
        script[#whole + 1] = raw(whole)
        server:script(script)
        for length = 0, #whole - 1 do
          local value, err = run:call(server, operation)
          local what = ("%s, %d of %d bytes"):format(operation.name, length, #whole)
          assert.is_nil(value, what)
          assert.truthy(err.kind == "network" or err.kind == "invalid_response", what .. ": " .. tostring(err))
          assert.equal(operation.writes and "unknown" or "not_applied", err.outcome, what)
        end
        local value, err = run:call(server, operation)
        assert.truthy(value, tostring(err))
      end
    end
  end)
end

fault_table.describe("faults of HTTP/1.1:", rows, function(run)
  deadline_holds(run)
  cuts_are_never_a_success(run)
end)
