-- Every operation against every fault, over real sockets: what one attempt makes of it, and that the key stays where it
-- belongs. The sentences that users read are in error_spec.lua.

local answers = require "spec.support.answers"
local core = require "supermetrics.core"
local monotime = core.now
local scripted_server = require "spec.support.scripted_server"
local unreachable_port = require "spec.support.unreachable_port"

local KEY = "key_of_the_faults_spec"
local SLOWNESS = tonumber(os.getenv("SPEC_SLOWNESS")) or 1
local TIMEOUT = 10 * SLOWNESS -- seconds; only a fault that stalls gets so far, and those have a shorter one
local SHORT = 0.2

local BACKFILL = {created_user_id = false, start_time = false, end_time = false, removed_time = false,
  removed_user_id = false, error_report = false}

local function backfill_with(field, text)
  local changes = {[field or ""] = nil}
  for name, value in pairs(BACKFILL) do
    changes[name] = value
  end
  if field then
    changes[field] = text
  end
  return answers.backfill_json(changes)
end

local function enveloped(json)
  return '{"meta":{"request_id":"request-1"},"data":' .. json .. "}"
end

local function listed(json)
  return '{"meta":{"request_id":"request-1"},"data":[' .. json .. "]}"
end

local operations = {
  {name = "cancel_backfill", writes = true, arguments = {12345, 67890}, body = enveloped},
  {name = "get_backfill", arguments = {12345, 67890}, body = enveloped},
  {name = "get_latest_backfill", arguments = {12345, 456789}, body = enveloped},
  {name = "list_incomplete_backfills", arguments = {12345}, body = listed},
  {name = "create_backfill", writes = true, arguments = {12345, 456789, "2024-01-01", "2024-01-31"}, body = enveloped},
}

local unpack = table.unpack or unpack -- luacheck: ignore

local function reply(body, headers)
  return answers.json(200, body, headers)
end

-- A frame of HTTP/2, RFC 9113, 4.1.
local function frame(kind, flags, stream, payload)
  local length = #payload
  return string.char(math.floor(length / 65536) % 256, math.floor(length / 256) % 256, length % 256, kind, flags,
    0, 0, 0, stream) .. payload
end

local SETTINGS = frame(4, 0, 0, "") .. frame(4, 1, 0, "")
local HEADERS_OF_200 = frame(1, 4, 1, "\136") -- END_HEADERS; the index of ":status: 200" in HPACK's static table
local REQUEST_BYTES = 160 -- the rest of the preface, the client's settings and its request are longer

local function http2_row(name, frames, kind)
  return {name = "HTTP/2: " .. name, kind = kind or "network", outcome = "unknown", tls = {alpn = {"h2"}},
    script = {{{send = SETTINGS}, {receive = REQUEST_BYTES}, {send = frames}, {close = true}}}}
end

local function old_tls_row(version)
  return {name = "a server that speaks nothing newer than " .. version, kind = "tls", outcome = "not_applied",
    tls = {version = version}, answer = reply}
end

local function certificate_row(certificate)
  return {name = "a certificate that is " .. certificate, kind = "tls", outcome = "not_applied",
    tls = {certificate = certificate}, answer = reply}
end

local function redirect_row(status)
  return {name = ("a redirect (%d) to another host"):format(status), kind = "unexpected_status", outcome = "unknown",
    status = status, follows = true}
end

local function raw(bytes)
  return {{send = bytes}, {close = true}}
end

-- What a row sends: `script`, or one `answer(body)` of the operation's own correct body. `outcome` is that of a write;
-- a read's is never unknown. Without a kind, the call succeeds.
local rows = {
  {name = "a refused connection", kind = "network", outcome = "not_applied", start = unreachable_port.refused},
  {name = "a connection that is never made", kind = "timeout", outcome = "not_applied",
    start = unreachable_port.silent, options = {connect_timeout = SHORT}},
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
  {name = "a stall before the headers", kind = "timeout", outcome = "unknown", options = {timeout = SHORT},
    script = {{{stall = true}}}},
  {name = "a stall in mid-body", kind = "timeout", outcome = "unknown", options = {timeout = SHORT},
    answer = function(body)
      return {{send = reply(body):sub(1, -20)}, {stall = true}}
    end},
  {name = "an answer that drips byte by byte", answer = function(body)
    return {{drip = reply(body), seconds = 0.0002}}
  end},
  {name = "an answer that drips for longer than it may", kind = "timeout", outcome = "unknown",
    options = {timeout = SHORT}, answer = function(body)
      return {{drip = reply(body), seconds = 0.01}}
    end},
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
    local pipe = assert(io.popen("head -c 67108864 /dev/zero | gzip -9", "r"))
    local bomb = pipe:read("*a")
    pipe:close()
    assert(#bomb > 10000 and #bomb < 100000)
    return raw(reply(bomb, {["Content-Encoding"] = "gzip"}))
  end},
  {name = "a body of 1 GiB, its length announced", kind = "invalid_response", outcome = "unknown", script = {
    {{send = scripted_server.head{headers = {["Content-Length"] = 1073741824}}},
      {send = (" "):rep(65536), times = 16384}}}},
  {name = "a body of 1 GiB, its length not announced", kind = "invalid_response", outcome = "unknown", script = {
    {{send = scripted_server.head{}}, {send = (" "):rep(65536), times = 16384}}}},
  {name = "headers without an end", kind = "invalid_response", outcome = "unknown", script = {
    {{send = "HTTP/1.1 200 OK\r\n"}, {send = "X: " .. ("y"):rep(995) .. "\r\n", times = 100000}}}},
  -- Before libcurl 8.6 this cannot be told from memory that ran out, and the reason names both; see transfer_end.c.
  {name = "one header without an end", kind = "aborted", outcome = "unknown", script = {
    {{send = "HTTP/1.1 200 OK\r\nX: "}, {send = ("y"):rep(1000), times = 100000}}}},
  {name = "a flood of 1xx", kind = "invalid_response", outcome = "unknown", script = {
    {{send = "HTTP/1.1 102 Processing\r\nX: " .. ("y"):rep(200) .. "\r\n\r\n", times = 100000}}}},
  {name = "a 1xx before the answer", answer = function(body)
    return raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" .. reply(body))
  end},
  {name = "HTTP/0.9", kind = "invalid_response", outcome = "unknown", answer = raw},
  {name = "a 204", kind = "invalid_response", outcome = "unknown", script = {"HTTP/1.1 204 No Content\r\n\r\n"}},
  {name = "a 304", kind = "unexpected_status", outcome = "unknown", script = {"HTTP/1.1 304 Not Modified\r\n\r\n"}},
  redirect_row(301), redirect_row(302), redirect_row(303), redirect_row(307), redirect_row(308),
  {name = "a NUL byte in the JSON", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply((body:gsub(",", ",\0", 1)))
  end},
  {name = "a NUL byte in a header", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body, {"X-Odd: a\0b"})
  end},
  {name = "a string that is not UTF-8", field = "note", text = '"a\255b"', kept = "a\255b"},
  {name = "nesting that is too deep", kind = "invalid_response", outcome = "unknown", field = "note",
    text = ("["):rep(100000) .. ("]"):rep(100000)},
  {name = "an unfinished object after the body", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body .. "{")
  end},
  {name = "JSON that ends early", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body:sub(1, -2))
  end},
  {name = "a proxy's page under 200", kind = "invalid_response", outcome = "unknown", answer = function()
    return reply("<html>Sign in</html>", {["Content-Type"] = "text/html"})
  end},
  {name = "a 500 without a body", kind = "server_error", outcome = "unknown", script = {
    "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}},
  {name = "a 403 whose body is garbage", kind = "forbidden", outcome = "not_applied", script = {
    answers.json(403, "\0\1\2\255")}},
  certificate_row("untrusted"), certificate_row("self_signed"), certificate_row("expired"),
  certificate_row("wrong_name"),
  old_tls_row("TLSv1"), old_tls_row("TLSv1_1"),
  {name = "a TLS record that is garbage", kind = "tls", outcome = "not_applied", tls = {},
    script = {{at = "accept", {receive = 1}, {send = "\22\3\3\0\4xxxx"}, {close = true}}}},
  {name = "a TLS server that speaks plain HTTP", kind = "tls", outcome = "not_applied", tls = {},
    script = {{at = "accept", {receive = 1}, {send = "HTTP/1.1 400 No\r\n\r\n"}, {close = true}}}},
  http2_row("RST_STREAM, INTERNAL_ERROR", frame(3, 0, 1, "\0\0\0\2")),
  http2_row("RST_STREAM, REFUSED_STREAM", frame(3, 0, 1, "\0\0\0\7")),
  http2_row("RST_STREAM after the headers", HEADERS_OF_200 .. frame(3, 0, 1, "\0\0\0\2")),
  http2_row("GOAWAY before the stream", frame(7, 0, 0, "\0\0\0\0\0\0\0\0")),
  http2_row("GOAWAY, then the end", frame(7, 0, 0, "\0\0\0\1\0\0\0\2")),
  http2_row("GOAWAY after the headers", HEADERS_OF_200 .. frame(7, 0, 0, "\0\0\0\1\0\0\0\2")),
  http2_row("a frame of a length that is not allowed", frame(6, 0, 0, "short")),
  http2_row("DATA before HEADERS", frame(0, 1, 1, "{}")),
  http2_row("the end in mid-body", HEADERS_OF_200 .. frame(0, 0, 1, '{"data":')),
}

-- Spellings of numbers, RFC 8259, section 6, in a field that is a number; what is not JSON must not pass for it.
local GOOD_NUMBERS = {["0"] = 0, ["-0"] = 0, ["31"] = 31, ["31.0"] = 31, ["3.1e1"] = 31, ["3.1E+1"] = 31,
  ["310e-1"] = 31, ["0.5"] = 0.5, ["1e300"] = 1e300, ["-7"] = -7,
  -- Not JSON, but lua-cjson reads them, and they can mean nothing else.
  ["1."] = 1, ["1.e3"] = 1000}
local BAD_NUMBERS = {"01", "-01", "+1", ".5", "1e", "1e+", "0x1F", "NaN", "nan", "Infinity", "-Infinity",
  "inf", "1_000", "1,5", "--1", "1f", "0b1", "\239\188\145"}

describe("faults:", function()
  local elsewhere
  local servers = {}
  local seen = {}

  setup(function()
    elsewhere = scripted_server.start()
  end)

  teardown(function()
    elsewhere:stop()
    for _, server in pairs(servers) do
      server:stop()
    end
  end)

  -- One server for each way of being started, for all rows that share it.
  local function server_of(row)
    if row.start then
      return row.start()
    end
    local tls = row.tls
    local name = tls and table.concat({"tls", tls.certificate or "", tls.version or "", tls.alpn and "h2" or ""}, " ")
      or "plain"
    servers[name] = servers[name] or scripted_server.start{tls = tls}
    return servers[name]
  end

  local function call(server, operation, options)
    local given = {api_key = KEY, base_url = server:base_url(), ca_file = server.ca_file, timeout = TIMEOUT}
    for name, value in pairs(options or {}) do
      given[name] = value
    end
    local client = core.client(given)
    local running = client:start(operation.name, unpack(operation.arguments))
    while select("#", running:result()) == 0 do
      client:poll(TIMEOUT)
    end
    local value, err, response = running:result()
    client:close()
    seen[#seen + 1] = {value or err, response}
    return value, err, response
  end

  local function script_of(row, operation)
    if row.script then
      return row.script
    elseif row.follows then
      return {scripted_server.head{status = row.status, headers = {Location = elsewhere:base_url() .. "/elsewhere",
        ["Content-Length"] = 0}}}
    elseif row.field then
      return {reply(operation.body(backfill_with(row.field, row.text)))}
    elseif row.answer then
      return {row.answer(operation.body(backfill_with()))}
    end
  end

  local function assert_failed(kind, outcome, operation, value, err, what)
    assert.is_nil(value, what)
    assert.equal(kind, err.kind, what .. ": " .. tostring(err))
    assert.equal(operation.writes and outcome or "not_applied", err.outcome, what .. ": " .. tostring(err))
  end

  for _, row in ipairs(rows) do
    local made_of_it = row.kind and "the kind " .. row.kind .. ", " .. row.outcome or "no error"
    it(row.name .. " makes " .. made_of_it .. ", of every operation", function()
      for _, operation in ipairs(operations) do
        local server = server_of(row)
        local script = script_of(row, operation)
        if script then
          server:script(script)
        end
        local began = monotime()
        local value, err = call(server, operation, row.options)
        local what = operation.name .. ", " .. row.name
        -- In time: what has a short limit ends at it, all others long before theirs.
        assert.truthy(monotime() - began < (row.options and SHORT + SLOWNESS or TIMEOUT), what)
        if row.kind then
          assert_failed(row.kind, row.outcome, operation, value, err, what)
        else
          assert.is_nil(err, what .. ": " .. tostring(err))
          assert.equal(row.kept, (value[1] or value)[row.field or "note"], what)
        end
        if row.start then
          server:stop()
        end
      end
    end)
  end

  it("a correct answer cut off after each of its bytes is never a success", function()
    local server = server_of{}
    for _, operation in ipairs(operations) do
      local body = operation.body(backfill_with())
      local without_length = scripted_server.head{headers = {["Content-Type"] = "application/json"}} .. body
      for _, whole in ipairs{reply(body), without_length} do
        local script = {}
        for length = 0, #whole - 1 do
          script[length + 1] = length > 0 and raw(whole:sub(1, length)) or {{close = true}}
        end
        script[#whole + 1] = raw(whole)
        server:script(script)
        for length = 0, #whole - 1 do
          local value, err = call(server, operation)
          local what = ("%s, %d of %d bytes"):format(operation.name, length, #whole)
          assert.is_nil(value, what)
          assert.truthy(err.kind == "network" or err.kind == "invalid_response", what .. ": " .. tostring(err))
          assert.equal(operation.writes and "unknown" or "not_applied", err.outcome, what)
        end
        local value, err = call(server, operation)
        assert.truthy(value, tostring(err))
      end
    end
  end)

  it("a number in each spelling of JSON is read, and in no other", function()
    local server = server_of{}
    for _, operation in ipairs(operations) do
      for text, number in pairs(GOOD_NUMBERS) do
        server:script{reply(operation.body(backfill_with("transfer_runs_total", text)))}
        local value, err = call(server, operation)
        assert.is_nil(err, text .. ": " .. tostring(err))
        assert.equal(number, (value[1] or value).transfer_runs_total, text)
      end
      for _, text in ipairs(BAD_NUMBERS) do
        server:script{reply(operation.body(backfill_with("transfer_runs_total", text)))}
        local value, err = call(server, operation)
        assert_failed("invalid_response", "unknown", operation, value, err, text)
      end
    end
  end)

  it("of two members of the same name the last one counts, for each operation alike", function()
    local server = server_of{}
    for _, operation in ipairs(operations) do
      local twice = backfill_with():gsub('"transfer_runs_total":31', '"transfer_runs_total":1,"transfer_runs_total":31')
      server:script{reply(operation.body(twice))}
      local value, err = call(server, operation)
      assert.is_nil(err, tostring(err))
      assert.equal(31, (value[1] or value).transfer_runs_total)
    end
  end)

  it("nobody was followed anywhere, and the key is in nothing that came of all this", function()
    assert.equal(0, (elsewhere:connections()))
    local searched = 0
    local function search(value)
      if type(value) == "table" then
        for name, inner in pairs(value) do
          search(name)
          search(inner)
        end
        search(tostring(value))
      elseif type(value) == "string" then
        searched = searched + 1
        assert.is_nil(value:find(KEY, 1, true))
      end
    end
    search(seen)
    assert.truthy(searched > 5000)
  end)
end)
