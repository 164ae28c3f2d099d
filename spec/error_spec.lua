local answers = require "spec.support.answers"
local core = require "supermetrics.core"
local failure = require "supermetrics.error"
local libcurl = require "spec.support.libcurl"
local scripted_server = require "spec.support.scripted_server"
local unreachable_port = require "spec.support.unreachable_port"

local KEY = "key_of_the_error_spec"
local LIMIT = 10 -- seconds, far more than anything in here takes

-- Every row is one fault and what one attempt at a cancel makes of it. `script` is what the server does; `server`
-- starts another one. `sentence` is the whole of tostring, PORT standing for the port; "~" in front makes it a pattern.
-- What is not named in `expected` must be nil, except elapsed, attempts, operation and request, which every error has.
local REQUEST = "[PATCH /teams/12345/backfills/67890]"
local WITH_ID = "[PATCH /teams/12345/backfills/67890, request_id request-2]"

local function status_row(status, code, kind, outcome)
  return {
    name = ("HTTP %d %s"):format(status, code),
    script = {answers.error(status, code)},
    expected = {kind = kind, status = status, code = code, message = "The message", description = "The description.",
      request_id = "request-2", outcome = outcome},
    -- The full stop goes where the sentence goes on.
    sentence = ("cancel_backfill: %s (HTTP %d %s): The message: The description%s %s"):format(kind, status, code,
      outcome == "unknown" and "; it may have taken effect" or ".", WITH_ID),
  }
end

local function tls_row(name, certificate, pattern)
  return {
    name = name,
    server = function()
      return scripted_server.start{tls = {certificate = certificate}}
    end,
    trust = true,
    expected = {kind = "tls", outcome = "not_applied"},
    sentence = "~^cancel_backfill: tls: " .. pattern .. " %(127%.0%.0%.1 port PORT: .+%) "
      .. "%[PATCH /teams/12345/backfills/67890%]$",
  }
end

local PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
local CUT_SHORT = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nX-Request-Id: request-3\r\n\r\n{\"meta\":{"
local UNKNOWN = "; it may have taken effect "

-- A 200 that is not what was asked for.
local function invalid_row(name, body, reason, also)
  local expected = {kind = "invalid_response", status = 200, outcome = "unknown", body = body ~= "" and body or nil,
    reason = reason}
  for field, value in pairs(also or {}) do
    expected[field] = value or nil
  end
  return {
    name = name,
    script = {answers.json(200, body)},
    expected = expected,
    sentence = "cancel_backfill: invalid_response (HTTP 200): " .. reason .. UNKNOWN .. REQUEST,
  }
end

local rows = {
  status_row(400, "INVALID_PARAMETER", "bad_request", "not_applied"),
  status_row(401, "API_KEY_INVALID", "unauthorized", "not_applied"),
  status_row(403, "ACCESS_DENIED", "forbidden", "not_applied"),
  status_row(404, "NOT_FOUND", "not_found", "not_applied"),
  status_row(422, "UNPROCESSABLE_ENTITY", "unprocessable", "not_applied"),
  status_row(429, "TOO_MANY_REQUESTS", "rate_limited", "not_applied"),
  status_row(500, "INTERNAL_SERVER_ERROR", "server_error", "unknown"),
  status_row(503, "SERVICE_UNAVAILABLE", "server_error", "unknown"),
  status_row(409, "CONFLICT_ERROR", "unexpected_status", "not_applied"),
  status_row(418, "TEAPOT", "unexpected_status", "not_applied"),
  {
    name = "a refused connection",
    server = unreachable_port.refused,
    expected = {kind = "network", outcome = "not_applied"},
    sentence = "cancel_backfill: network: could not connect (127.0.0.1 port PORT: Connection refused) " .. REQUEST,
  },
  {
    name = "a host name that cannot be resolved",
    -- A label of over 63 characters: every resolver refuses it without asking a server.
    base_url = "https://" .. ("a"):rep(64) .. ".invalid/v1",
    expected = {kind = "network", outcome = "not_applied"},
    sentence = "~^cancel_backfill: network: the host name could not be resolved %(a+%.invalid port 443: .+%) %[PATCH ",
  },
  {
    name = "a connection that is never made",
    server = unreachable_port.silent,
    options = {connect_timeout = 0.2},
    expected = {kind = "timeout", outcome = "not_applied"},
    sentence = "~^cancel_backfill: timeout: no connection to 127%.0%.0%.1 port PORT after 0%.[23]%d* s %[PATCH ",
  },
  {
    name = "a server that accepts and says nothing",
    script = {{at = "accept", {stall = true}}},
    options = {timeout = 0.2},
    expected = {kind = "timeout", outcome = "unknown"},
    sentence = "~^cancel_backfill: timeout: no complete answer from 127%.0%.0%.1 port PORT after 0%.[23]%d* s, 0 bytes "
      .. "of the body had come; it may have taken effect %[PATCH ",
  },
  {
    name = "a TLS handshake that never ends",
    server = function()
      return scripted_server.start{tls = {}}
    end,
    script = {{at = "accept", {stall = true}}},
    trust = true,
    options = {connect_timeout = 0.2},
    expected = {kind = "timeout", outcome = "not_applied"},
    sentence = "~^cancel_backfill: timeout: no connection to 127%.0%.0%.1 port PORT after 0%.[23]%d* s %[PATCH ",
  },
  {
    name = "an answer that stalls in mid-body",
    script = {{{send = CUT_SHORT}, {stall = true}}},
    options = {timeout = 0.2},
    expected = {kind = "timeout", status = 200, request_id = "request-3", outcome = "unknown"},
    sentence = "~^cancel_backfill: timeout %(HTTP 200%): no complete answer from 127%.0%.0%.1 port PORT after "
      .. "0%.[23]%d* s, 9 bytes of the body had come; it may have taken effect %[PATCH .*, request_id request%-3%]$",
  },
  {
    name = "a body cut short",
    script = {{{send = CUT_SHORT}, {close = true}}},
    expected = {kind = "network", status = 200, request_id = "request-3", outcome = "unknown"},
    sentence = "cancel_backfill: network (HTTP 200): the answer was cut short (127.0.0.1 port PORT: "
      .. (libcurl.is_at_least(8, 9) and "end of response with 491 bytes missing"
        or "transfer closed with 491 bytes remaining to read")
      .. "); it may have taken effect [PATCH /teams/12345/backfills/67890, request_id request-3]",
  },
  {
    name = "headers cut short",
    script = {{{send = CUT_SHORT:match("^.-Content%-L")}, {close = true}}},
    expected = {kind = "network", status = 200, outcome = "unknown"},
    sentence = "cancel_backfill: network (HTTP 200): the answer was cut short in its headers (127.0.0.1 port PORT); it "
      .. "may have taken effect " .. REQUEST,
  },
  {
    name = "a reset in mid-body",
    script = {{{send = CUT_SHORT}, {reset = true}}},
    expected = {kind = "network", status = 200, request_id = "request-3", outcome = "unknown"},
    sentence = "cancel_backfill: network (HTTP 200): the connection broke before the answer was complete (127.0.0.1 "
      .. "port PORT: Recv failure: Connection reset by peer); it may have taken effect [PATCH /teams/12345/backfills/"
      .. "67890, request_id request-3]",
  },
  {
    name = "a refusal whose body is cut short",
    script = {{{send = (CUT_SHORT:gsub("200 OK", "422 No"))}, {close = true}}},
    expected = {kind = "network", status = 422, request_id = "request-3", outcome = "not_applied"},
    sentence = "~^cancel_backfill: network %(HTTP 422%): the answer was cut short %(",
  },
  {
    name = "a connection that is closed without an answer",
    script = {{{close = true}}},
    expected = {kind = "network", outcome = "unknown"},
    sentence = "cancel_backfill: network: the connection was closed without an answer (127.0.0.1 port PORT: Empty "
      .. "reply from server); it may have taken effect " .. REQUEST,
  },
  {
    name = "a reset before an answer",
    script = {{{reset = true}}},
    expected = {kind = "network", outcome = "unknown"},
    sentence = "cancel_backfill: network: the connection broke before the answer was complete (127.0.0.1 port PORT: "
      .. "Recv failure: Connection reset by peer); it may have taken effect " .. REQUEST,
  },
  invalid_row("an empty 200", "", "the answer has no body"),
  invalid_row("a 200 that is not JSON", "not JSON",
    "the body is not JSON: Expected value but found invalid token at character 1"),
  invalid_row("a 200 that is cut off JSON", '{"data":', "the body is not JSON: Expected value but found T_END at "
    .. "character 9"),
  invalid_row("a 200 that is a number", "12", 'the body has no object "data" in it'),
  invalid_row("a 200 that is JSON of another shape", '{"data":[]}',
    "in the body's data, transfer_backfill_id is missing, status is missing"),
  invalid_row("a 200 without data", '{"backfill":{}}', 'the body has no object "data" in it'),
  invalid_row("a 200 whose data is a string", '{"data":"x"}', 'the body has no object "data" in it'),
  invalid_row("a 200 without the id", '{"data":{"status":"CANCELLED"}}',
    "in the body's data, transfer_backfill_id is missing"),
  invalid_row("a 200 without the status", '{"data":{"transfer_backfill_id":67890}}',
    "in the body's data, status is missing"),
  invalid_row("a 200 whose id is not an integer", '{"data":{"transfer_backfill_id":"x","status":"CANCELLED"}}',
    "in the body's data, transfer_backfill_id is not an integer"),
  invalid_row("a 200 whose id is a fraction", '{"data":{"transfer_backfill_id":67890.5,"status":"CANCELLED"}}',
    "in the body's data, transfer_backfill_id is not an integer"),
  invalid_row("a 200 whose status is not a string", '{"data":{"transfer_backfill_id":67890,"status":7}}',
    "in the body's data, status is not a string"),
  invalid_row("a 200 that is about another backfill", '{"data":{"transfer_backfill_id":67891,"status":"CANCELLED"}}',
    "the answer is about backfill 67891, not 67890"),
  {
    name = "a 200 whose backfill is still RUNNING",
    script = {answers.backfill{status = '"RUNNING"'}},
    expected = {kind = "invalid_response", status = 200, request_id = "request-1", outcome = "unknown",
      reason = "the backfill of the answer is RUNNING, not CANCELLED", backfill = "RUNNING"},
    sentence = "cancel_backfill: invalid_response (HTTP 200): the backfill of the answer is RUNNING, not CANCELLED; it "
      .. "may have taken effect [PATCH /teams/12345/backfills/67890, request_id request-1]",
  },
  {
    name = "an error under HTTP 200",
    script = {answers.error(200, "UNPROCESSABLE_ENTITY")},
    expected = {kind = "invalid_response", status = 200, code = "UNPROCESSABLE_ENTITY", message = "The message",
      description = "The description.", request_id = "request-2", outcome = "unknown",
      reason = "the answer is an error under a status of success"},
    sentence = "cancel_backfill: invalid_response (HTTP 200 UNPROCESSABLE_ENTITY): The message: The description: the "
      .. "answer is an error under a status of success; it may have taken effect " .. WITH_ID,
  },
  {
    name = "an HTTP 204",
    script = {"HTTP/1.1 204 No Content\r\n\r\n"},
    expected = {kind = "invalid_response", status = 204, outcome = "unknown", reason = "the answer has no body"},
    sentence = "cancel_backfill: invalid_response (HTTP 204): the answer has no body; it may have taken effect "
      .. REQUEST,
  },
  {
    name = "a proxy's HTML 502",
    script = {scripted_server.response{status = 502, headers = {["Content-Type"] = "text/html"}, body = PROXY_PAGE}},
    expected = {kind = "server_error", status = 502, outcome = "unknown", body = PROXY_PAGE,
      reason = "the body is not an error of the API (text/html)"},
    sentence = "cancel_backfill: server_error (HTTP 502): the body is not an error of the API (text/html); it may have "
      .. "taken effect " .. REQUEST,
  },
  {
    name = "a refusal without a body",
    script = {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nX-Request-Id: request-4\r\n\r\n"},
    expected = {kind = "forbidden", status = 403, outcome = "not_applied", request_id = "request-4",
      reason = "the answer has no body"},
    sentence = "cancel_backfill: forbidden (HTTP 403): the answer has no body [PATCH /teams/12345/backfills/67890, "
      .. "request_id request-4]",
  },
  {
    name = "a redirect",
    script = {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n"},
    expected = {kind = "unexpected_status", status = 302, outcome = "unknown",
      reason = "redirects are not followed (this one leads to http://127.0.0.1:1/elsewhere)"},
    sentence = "cancel_backfill: unexpected_status (HTTP 302): redirects are not followed (this one leads to "
      .. "http://127.0.0.1:1/elsewhere); it may have taken effect " .. REQUEST,
  },
  {
    name = "a body over the limit",
    script = {answers.json(200, ("x"):rep(2000))},
    options = {max_response_bytes = 1999},
    expected = {kind = "invalid_response", status = 200, outcome = "unknown", body = ("x"):rep(1000),
      reason = "the body of the answer is over the limit of 1999 bytes"},
    sentence = "cancel_backfill: invalid_response (HTTP 200): the body of the answer is over the limit of 1999 bytes; "
      .. "it may have taken effect " .. REQUEST,
  },
  {
    name = "headers without an end",
    script = {{{send = "HTTP/1.1 200 OK\r\n"}, {send = "X-Header: " .. ("y"):rep(990) .. "\r\n", times = 400}}},
    expected = {kind = "invalid_response", status = 200, outcome = "unknown",
      reason = "the headers of the answer are over the limit of 262144 bytes"},
    sentence = "cancel_backfill: invalid_response (HTTP 200): the headers of the answer are over the limit of 262144 "
      .. "bytes; it may have taken effect " .. REQUEST,
  },
  {
    name = "an answer that is not HTTP",
    script = {{{send = "SSH-2.0-OpenSSH_9.2\r\n"}, {close = true}}},
    expected = {kind = "invalid_response", outcome = "unknown"},
    sentence = "~^cancel_backfill: invalid_response: the answer is not of a version of HTTP that is understood %(.*%); "
      .. "it may have taken effect %[PATCH ",
  },
  tls_row("an untrusted certificate", "untrusted", "the server's certificate is not trusted"),
  tls_row("a self-signed certificate", "self_signed", "the server's certificate is not trusted"),
  tls_row("an expired certificate", "expired", "the server's certificate is not trusted"),
  tls_row("a certificate for another name", "wrong_name", "the server's certificate is not trusted"),
}

local function assert_text(expected, text, port)
  if expected:sub(1, 1) == "~" then
    assert.truthy(text:find((expected:sub(2):gsub("PORT", port))), text)
  else
    assert.equal((expected:gsub("PORT", port)), text)
  end
end

describe("supermetrics.error module", function()
  local usual_server
  local seen = {}

  setup(function()
    usual_server = scripted_server.start()
  end)

  teardown(function()
    usual_server:stop()
  end)

  -- The error that a row's fault becomes, and the port it came from.
  local function provoke(row, operation)
    local server = row.server and row.server() or usual_server
    if row.script then
      server:script(row.script)
    end
    local options = {api_key = KEY, base_url = row.base_url or server:base_url(), timeout = LIMIT,
      ca_file = row.trust and server.ca_file or nil}
    for name, value in pairs(row.options or {}) do
      options[name] = value
    end
    local client = core.client(options)
    local call = client:start(operation, 12345, 67890)
    while select("#", call:result()) == 0 do
      client:poll(LIMIT)
    end
    local backfill, err, response = call:result()
    assert.is_nil(backfill)
    assert.equal("table", type(response))
    client:close()
    if server ~= usual_server then
      server:stop()
    end
    seen[#seen + 1] = {err = err, response = response}
    return err, ("%d"):format(server.port)
  end

  local FIELDS = {"kind", "status", "code", "message", "description", "request_id", "retry_after", "outcome", "body",
    "reason", "backfill"}

  for _, row in ipairs(rows) do
    it("makes of " .. row.name .. " the kind " .. row.expected.kind .. ", " .. row.expected.outcome, function()
      local err, port = provoke(row, "cancel_backfill")
      for _, field in ipairs(FIELDS) do
        local expected, actual = row.expected[field], err[field]
        if field == "backfill" and actual then
          actual = actual.status
        end
        if field == "reason" and expected == nil and row.expected.code == nil then
          assert.equal("string", type(actual), "an error without the server's words has a reason")
        elseif type(expected) == "string" then
          assert.equal("string", type(actual), field)
          assert_text(expected, actual, port)
        else
          assert.equal(expected, actual, field)
        end
      end
      assert_text(row.sentence, tostring(err), port)
      assert.is_nil(tostring(err):find("[\r\n]"))
      assert.equal(1, err.attempts)
      assert.equal("number", type(err.elapsed))
      assert.equal("cancel_backfill", err.operation)
      -- Put together only now: a text that a spec holds is safe from the collector in the core as well.
      assert.equal(("%s /teams/%d/backfills/%d"):format("PATCH", 12345, 67890), err.request)
      assert.is_true(failure.is_error(err))
    end)
  end

  it("makes of the same faults the same kinds for a read, which is never of unknown outcome", function()
    for _, row in ipairs(rows) do
      if row.name ~= "a 200 whose backfill is still RUNNING" then
        local err = provoke(row, "get_backfill")
        assert.equal(row.expected.kind, err.kind, row.name)
        assert.equal("not_applied", err.outcome, row.name)
        assert.is_nil(tostring(err):find("may have taken effect", 1, true))
      end
    end
  end)

  it("survives headers that reach the limit exactly at the end of a line", function()
    for excess = -2, 2 do
      local last = 262144 - 90001 - 90001 + excess
      local err = provoke({script = {{{send = "HTTP/1.1 400 No\r\nX: " .. ("y"):rep(90000 - 3) .. "\r\nX: "
        .. ("y"):rep(90000 - 3) .. "\r\nX: " .. ("y"):rep(last - 3) .. "\r\n\r\n"}, {close = true}}}},
        "cancel_backfill")
      assert.equal(excess < 0 and "bad_request" or "invalid_response", err.kind)
    end
  end)

  it("has a bounded sentence, and the whole text in its fields", function()
    local body = '{"error":{"code":"A","message":"' .. ("m"):rep(100000) .. '"}}'
    local err = provoke({script = {answers.json(400, body)}}, "cancel_backfill")
    assert.equal(100000, #err.message)
    assert.truthy(#tostring(err) < 1000)
  end)

  it("is of unknown outcome after a refusal that is none: 408, 499", function()
    for _, status in ipairs{408, 499} do
      local err = provoke({script = {answers.error(status, "A")}}, "cancel_backfill")
      assert.equal("unexpected_status", err.kind)
      assert.equal("unknown", err.outcome)
    end
  end)

  it("follows no redirect", function()
    local elsewhere = scripted_server.start()
    for _, status in ipairs{301, 302, 303, 307, 308} do
      provoke({script = {scripted_server.head{status = status, headers = {Location = elsewhere:base_url(),
        ["Content-Length"] = 0}}}}, "cancel_backfill")
    end
    assert.equal(0, (elsewhere:connections()))
    elsewhere:stop()
  end)

  it("reads Retry-After as seconds and as a date, measured by the server's clock", function()
    local function retry_after(headers)
      return provoke({script = {answers.error(429, "TOO_MANY_REQUESTS", headers)}}, "cancel_backfill").retry_after
    end
    assert.equal(2, retry_after{["Retry-After"] = "2"})
    assert.equal(86400, retry_after{["Retry-After"] = "86400"})
    assert.equal(90, retry_after{["Retry-After"] = "Wed, 21 Oct 2015 07:29:30 GMT",
      Date = "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert.equal(0, retry_after{["Retry-After"] = "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert.is_nil(retry_after{["Retry-After"] = "soon"})
    assert.is_nil(retry_after{["Retry-After"] = "-5"})
    assert.is_nil(retry_after{})
    if math.type then
      assert.equal("integer", math.type(retry_after{["Retry-After"] = "2"}))
    end
  end)

  it("cuts the body that could not be understood after 1,000 bytes", function()
    local err = provoke({script = {answers.json(502, ("<p>"):rep(2000))}}, "cancel_backfill")
    assert.equal(1000, #err.body)
  end)

  it("keeps a sentence on one line, whatever the server says", function()
    local err = provoke({script = {answers.json(400, '{"error":{"code":"A\\nB","message":"x\\r\\ny\\u0000z"}}')}},
      "cancel_backfill")
    assert.equal("A\nB", err.code)
    assert.equal("cancel_backfill: bad_request (HTTP 400 A B): x  y z " .. REQUEST, tostring(err))
  end)

  it("tells what may pass by itself, and what may have taken effect", function()
    local temporary = {rate_limited = true, server_error = true, network = true, timeout = true}
    for _, row in ipairs(rows) do
      local err = provoke(row, "cancel_backfill")
      assert.equal(temporary[err.kind] == true, err:is_temporary())
      assert.equal(err.outcome == "unknown", err:may_have_taken_effect())
    end
  end)

  it("is not mistaken for another table, nor another table for it", function()
    for _, other in ipairs{{}, "text", 1, true} do
      assert.is_false(failure.is_error(other))
    end
  end)

  it("holds the key nowhere, also when the server echoes it", function()
    local echo = "Authorization: Bearer " .. KEY
    local scripts = {
      answers.json(400, '{"error":{"code":"' .. KEY .. '","message":"' .. echo .. '","description":"' .. echo .. '"}}'),
      answers.json(400, '{"meta":{"request_id":"' .. KEY .. '"},"error":{"code":"A"}}'),
      answers.json(502, "<pre>" .. echo .. "</pre>" .. echo),
      answers.json(200, echo),
      answers.json(200, '{"data":{"transfer_backfill_id":"' .. KEY .. '"}}'),
      answers.error(401, "API_KEY_INVALID", {["X-Echo"] = echo, ["X-Request-Id"] = KEY}),
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/?key=" .. KEY .. "\r\nContent-Length: 0\r\n\r\n",
      {{send = echo .. "\r\n\r\n"}, {close = true}},
    }
    for _, answer in ipairs(scripts) do
      provoke({script = {answer}}, "cancel_backfill")
    end

    -- All that this whole file has seen, at any depth.
    local searched = 0
    local function search(value, visited)
      if type(value) == "table" and not visited[value] then
        visited[value] = true
        for name, inner in pairs(value) do
          search(name, visited)
          search(inner, visited)
        end
        search(tostring(value), visited)
      elseif type(value) == "string" then
        searched = searched + 1
        assert.is_nil(value:find(KEY, 1, true), value)
      end
    end
    search(seen, {})
    assert.truthy(searched > 1000)
  end)
end)
