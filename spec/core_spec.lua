local answers = require "spec.support.answers"
local scripted_server = require "spec.support.scripted_server"
local core = require "supermetrics.core"
local slowness = require "spec.support.slowness"

local LIMIT = 10 -- seconds, far more than anything in here takes

describe("supermetrics.core module", function()
  local server, client

  before_each(function()
    server = scripted_server.start()
    client = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url(), timeout = LIMIT}
  end)

  after_each(function()
    client:close()
    server:stop()
  end)

  local function finish(call)
    while select("#", call:result()) == 0 do
      client:poll(LIMIT)
    end
    return call:result()
  end

  it("sends a cancel as the API describes it", function()
    server:script{answers.backfill()}
    assert.truthy(finish(client:start("cancel_backfill", 12345, 67890)))
    local request = server:requests()[1]
    assert.equal("PATCH", request.method)
    assert.equal("/v1/teams/12345/backfills/67890", request.path)
    assert.equal('{"status":"CANCELLED"}', request.body)
    assert.equal("Bearer key_of_the_core_spec", request.headers.authorization)
    assert.equal("application/json", request.headers["content-type"])
    assert.equal("application/json", request.headers.accept)
    assert.truthy(request.headers["user-agent"]:find("^supermetrics%-lua/" .. core._VERSION:gsub("%.", "%%.")))
    assert.is_nil(request.headers.expect)
  end)

  it("sends a get without a body", function()
    server:script{answers.backfill()}
    assert.truthy(finish(client:start("get_backfill", 12345, 67890)))
    local request = server:requests()[1]
    assert.equal("GET", request.method)
    assert.equal("/v1/teams/12345/backfills/67890", request.path)
    assert.equal("", request.body)
    assert.is_nil(request.headers["content-type"])
  end)

  it("returns nothing from result while a call is in flight, then the same values at every asking", function()
    server:script{{{wait = 0.05}, {send = answers.backfill()}}}
    local call = client:start("get_backfill", 12345, 67890)
    assert.equal(0, select("#", call:result()))
    local backfill, err, response = finish(call)
    assert.equal("CANCELLED", backfill.status)
    assert.is_nil(err)
    assert.equal(200, response.status)
    local again, again_err, again_response = call:result()
    assert.equal(backfill, again)
    assert.is_nil(again_err)
    assert.equal(response, again_response)
  end)

  it("tells the version of the libcurl that runs", function()
    assert.truthy(core.libcurl_version():find("^%d+%.%d+%.%d+"))
  end)

  it("never waits in poll(0), and tells how many calls are in flight", function()
    server:script{{{stall = true}}}
    local first, second = client:start("get_backfill", 1, 1), client:start("get_backfill", 1, 2)
    assert.equal(2, client:poll(0))
    assert.equal(2, client:poll())
    second:abort()
    assert.equal(1, client:poll(0))
    first:abort()
    assert.equal(0, client:poll(0))
  end)

  it("tells when a timeout will end", function()
    assert.equal(0, select("#", client:next_due()))
    server:script{{{stall = true}}}
    local call = client:start("get_backfill", 1, 2, {timeout = 7})
    local started = core.now()
    while client:next_due() < 1 do -- until nothing of connecting is due any more
      client:poll(0.01)
    end
    assert.near(7, client:next_due() + core.now() - started, 0.05 * slowness)
    call:abort()
    assert.equal(0, select("#", client:next_due()))
    client:close()
    assert.equal(0, select("#", client:next_due()))
  end)

  it("counts the calls that have ended, however they did", function()
    assert.equal(0, client:ended_count())
    server:script{answers.backfill(), {{stall = true}}}
    local call = client:start("get_backfill", 12345, 67890)
    assert.equal(0, client:ended_count())
    assert.truthy(finish(call))
    assert.equal(1, client:ended_count())
    client:start("get_backfill", 1, 2):abort()
    assert.equal(2, client:ended_count())
    call = client:start("get_backfill", 1, 2)
    client:close()
    assert.equal(3, client:ended_count())
    assert.equal("aborted", select(2, call:result()).kind)
    client:close()
    assert.equal(3, client:ended_count())
  end)

  it("ends a call in one step of perform, and gives it back in flight where the time was too short", function()
    server:script{answers.backfill()}
    for _ = 1, 2 do -- the second uses the first one's Call again
      local backfill, err, response, call = client:perform(LIMIT, "get_backfill", 12345, 67890, {timeout = LIMIT})
      assert.equal(67890, backfill.transfer_backfill_id)
      assert.is_nil(err)
      assert.equal(200, response.status)
      assert.is_nil(call)
    end
    server:script{answers.json(404, '{"error":{"code":"NOT_FOUND"}}')}
    local before = core.now()
    local backfill, err, response, call, began = client:perform(LIMIT, "get_backfill", 12345, 67890)
    assert.is_nil(backfill)
    assert.equal("not_found", err.kind)
    assert.same({nil, err, response}, {call:result()})
    assert.is_true(before <= began and began <= core.now())
    server:script{{{stall = true}}}
    backfill, err, response, call, began = client:perform(0, "get_backfill", 1, 2)
    assert.same({}, {backfill, err, response})
    assert.equal(0, select("#", call:result()))
    assert.is_true(before <= began and began <= core.now())
    for _, seconds in ipairs{-1, 0 / 0} do
      assert.is_false(pcall(client.perform, client, seconds, "get_backfill", 1, 2))
    end
    assert.equal(1, client:in_flight())
  end)

  it("asks for compression where an answer may be long, and not of a write", function()
    server:script{answers.json(200, '{"data":[]}'), answers.backfill()}
    assert(client:perform(LIMIT, "list_incomplete_backfills", 12345))
    assert(client:perform(LIMIT, "cancel_backfill", 12345, 67890))
    local requests = server:requests()
    assert.equal("gzip", requests[1].headers["accept-encoding"])
    assert.is_nil(requests[2].headers["accept-encoding"])
  end)

  -- LuaJIT tells no hook of functions that C calls.
  if not rawget(_G, "jit") then
    it("passes on what a hook raises while an answer is decoded, as Ctrl-C does", function()
      server:script{answers.backfill()}
      local call = client:start("get_backfill", 12345, 67890)
      while client:poll(LIMIT) > 0 do -- until it has ended; its answer is read by result
      end
      local is_reading = false
      debug.sethook(function()
        local called = debug.getinfo(2, "f").func
        if is_reading then
          debug.sethook()
          error("interrupted!", 0)
        end
        is_reading = called == call.result
      end, "c")
      local ok, problem = pcall(call.result, call)
      debug.sethook()
      assert.is_false(ok)
      assert.equal("interrupted!", problem)
      assert.equal(67890, call:result().transfer_backfill_id)
    end)
  end

  it("returns at once from poll when nothing is in flight", function()
    assert.equal(0, client:poll(LIMIT))
  end)

  it("ends an aborted call as aborted, and an ended call stays as it ended", function()
    server:script{{{stall = true}}}
    local call = client:start("cancel_backfill", 1, 2)
    call:abort()
    local backfill, err = call:result()
    assert.is_nil(backfill)
    assert.equal("aborted", err.kind)
    assert.equal("not_applied", err.outcome)
    call:abort()
    assert.equal(err, select(2, call:result()))
    server:script{answers.backfill()}
    local ended = client:start("get_backfill", 12345, 67890)
    assert.truthy(finish(ended))
    ended:abort()
    assert.truthy((ended:result()))
  end)

  it("does not know the outcome of a write that is aborted after it was sent", function()
    server:script{{{stall = true}}}
    local call = client:start("cancel_backfill", 1, 2)
    while #server:requests() == 0 do
      client:poll(0.01)
    end
    call:abort()
    assert.equal("unknown", select(2, call:result()).outcome)
  end)

  it("aborts the calls in flight when the client is closed", function()
    server:script{{{stall = true}}}
    local call = client:start("get_backfill", 1, 2)
    client:close()
    local _, err = call:result()
    assert.equal("aborted", err.kind)
    assert.truthy(err.reason:find("closed", 1, true))
  end)

  it("closes twice, polls closed, and refuses to start when closed", function()
    client:close()
    client:close()
    assert.equal(0, client:poll(LIMIT))
    assert.has_error(function()
      client:start("get_backfill", 1, 2)
    end, "supermetrics: the client is closed")
  end)

  it("refuses operations that do not exist, and arguments that are not its own", function()
    assert.has_error(function()
      client:start("delete_backfill", 1, 2)
    end, "there is no operation 'delete_backfill'")
    assert.is_false(pcall(client.start, {}, "get_backfill", 1, 2))
    assert.is_false(pcall(client.poll, client, -1))
    assert.is_false(pcall(client.poll, client, 0 / 0))
  end)

  it("hides its metatables, so that no script takes a finalizer", function()
    assert.is_false(getmetatable(client))
    assert.is_false(getmetatable(client:start("get_backfill", 1, 2)))
  end)

  it("survives dropping calls and clients in any order, at any moment", function()
    server:script{{{wait = 0.002}, {send = answers.backfill()}}}
    for round = 1, 30 do
      local clients, calls = {}, {}
      for i = 1, 3 do
        clients[i] = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url()}
        for j = 1, 3 do
          calls[#calls + 1] = clients[i]:start(j == 1 and "cancel_backfill" or "get_backfill", 12345, 67890)
        end
      end
      for i = 1, round % 4 do
        clients[i % 3 + 1]:poll(0.002)
      end
      for i = 1, #calls, round % 3 + 1 do
        calls[i] = nil
      end
      collectgarbage()
      if round % 2 == 0 then
        clients[round % 3 + 1]:close()
      end
      clients = round % 5 == 0 and {} or clients
      collectgarbage()
      for _, call in pairs(calls) do
        call:result()
        call:abort()
      end
      for _, open in pairs(clients) do
        open:poll(0)
      end
    end
    collectgarbage()
  end)

  it("keeps a client alive for its calls", function()
    server:script{answers.backfill()}
    local other = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url()}
    local calls = {other:start("get_backfill", 12345, 67890)} -- luacheck: ignore
    local weak = setmetatable({other}, {__mode = "v"})
    other = nil -- luacheck: ignore
    collectgarbage()
    assert.truthy(weak[1])
    calls[1] = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("uses one connection for a thousand calls", function()
    server:script{answers.backfill()}
    for _ = 1, 1000 do
      assert.truthy(finish(client:start("cancel_backfill", 12345, 67890)))
    end
    assert.equal(1, server:connections())
  end)

  it("does not let libcurl send a write again when a kept-alive connection dies, and says so", function()
    server:script{answers.backfill(), {{close = true}}, answers.backfill()}
    assert.truthy(finish(client:start("cancel_backfill", 12345, 67890)))
    local backfill, err = finish(client:start("cancel_backfill", 12345, 67890))
    assert.is_nil(backfill)
    assert.equal("network", err.kind)
    assert.equal("unknown", err.outcome)
    assert.truthy(tostring(err):find("the kept-alive connection broke after the request was sent on it", 1, true),
      tostring(err))
    assert.equal(2, #server:requests())
  end)

  it("does not take for a refusal what a kept-alive connection had to say before the request", function()
    local stray = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    local page = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    for _, unasked in ipairs{stray, page} do
      client:close()
      client = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url(), timeout = LIMIT}
      server:script{{{send = answers.backfill()}, {wait = 0.02}, {send = unasked}}, {{stall = true}}}
      assert.truthy(finish(client:start("cancel_backfill", 12345, 67890)))
      client:wait(0.2) -- nothing tells when the unasked bytes are there; early or late, the outcome is unknown
      local _, err = finish(client:start("cancel_backfill", 12345, 67890, {timeout = 0.3}))
      assert.equal("unknown", err.outcome)
    end
  end)

  it("takes the API's own refusal for one, on every connection, and a proxy's page on a new one", function()
    server:script{answers.backfill(), answers.error(403, "ACCESS_DENIED")}
    assert.truthy(finish(client:start("cancel_backfill", 12345, 67890)))
    local _, err = finish(client:start("cancel_backfill", 12345, 67890))
    assert.equal("not_applied", err.outcome)
    client:close()
    client = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url(), timeout = LIMIT}
    server:script{answers.json(403, "<html>")}
    _, err = finish(client:start("cancel_backfill", 12345, 67890))
    assert.equal("not_applied", err.outcome)
  end)

  it("keeps nothing of one request for the next on the same handle", function()
    server:script{answers.error(404, "NOT_FOUND")}
    finish(client:start("get_backfill", 12345, 67890))
    local call = client:start("get_backfill", 12345, 67890)
    call:abort()
    local _, err, response = call:result()
    assert.equal("aborted", err.kind)
    assert.is_nil(err.status)
    assert.is_nil(response.status)
    server:script{{{reset = true}}, {{close = true}}}
    finish(client:start("cancel_backfill", 12345, 67890))
    _, err = finish(client:start("cancel_backfill", 12345, 67890))
    assert.is_nil(err.reason:find("reset", 1, true), err.reason)
  end)

  it("says that a proxy refused, and takes nothing of its answer for the service's", function()
    server:script{"HTTP/1.1 407 Proxy Authentication Required\r\nRetry-After: 7\r\nX-Request-Id: of-the-proxy\r\n"
      .. "Content-Length: 0\r\n\r\n"}
    local other = core.client{api_key = "key_of_the_core_spec", base_url = "https://api.example.com/v1",
      proxy = ("http://user:password@127.0.0.1:%d"):format(server.port)}
    local call = other:start("cancel_backfill", 12345, 67890)
    while select("#", call:result()) == 0 do
      other:poll(LIMIT)
    end
    local _, err = call:result()
    assert.equal("network", err.kind)
    assert.equal("not_applied", err.outcome)
    assert.equal("the proxy refused the connection to api.example.com port 443 with HTTP 407", err.reason)
    assert.is_nil(err.retry_after)
    assert.is_nil(err.request_id)
    assert.is_nil(err.status)
    other:close()
  end)

  it("gives nothing of an interim answer for the answer", function()
    server:script{{{send = "HTTP/1.1 103 Early Hints\r\nX-Request-Id: early\r\n\r\n"}, {close = true}}}
    local _, err = finish(client:start("cancel_backfill", 12345, 67890))
    assert.equal("network", err.kind)
    assert.is_nil(err.status)
    assert.is_nil(err.request_id)
    assert.equal("unknown", err.outcome)
  end)

  it("survives a finalizer that closes the client while it starts a call", function()
    server:script{answers.backfill()}
    for _ = 1, 200 do
      local victim = core.client{api_key = "key_of_the_core_spec", base_url = server:base_url()}
      local trap = newproxy and newproxy(true) or setmetatable({}, {}) -- luacheck: ignore
      getmetatable(trap).__gc = function()
        victim:close()
      end
      if not newproxy then -- luacheck: ignore
        setmetatable(trap, {__gc = getmetatable(trap).__gc})
      end
      trap = nil -- luacheck: ignore
      for _ = 1, 20 do
        local ok, message = pcall(victim.start, victim, "cancel_backfill", 12345, 67890, {headers = {["X-A"] = "b"}})
        if not ok then
          assert.equal("supermetrics: the client is closed", message)
          break
        end
      end
      victim:close()
    end
  end)

  it("takes a token and headers for one call, and then forgets them", function()
    server:script{answers.backfill()}
    finish(client:start("get_backfill", 12345, 67890, {token = "otok_other", headers = {["X-Trace"] = "one"}}))
    finish(client:start("get_backfill", 12345, 67890))
    local requests = server:requests()
    assert.equal("Bearer otok_other", requests[1].headers.authorization)
    assert.equal("one", requests[1].headers["x-trace"])
    assert.equal("Bearer key_of_the_core_spec", requests[2].headers.authorization)
    assert.is_nil(requests[2].headers["x-trace"])
  end)

  it("works without a key where every call brings a token", function()
    server:script{answers.backfill()}
    local keyless = core.client{api_key = false, base_url = server:base_url()}
    assert.has_error(function()
      keyless:start("get_backfill", 12345, 67890)
    end, "get_backfill: the client has no api_key, so each call needs the override 'token'")
    local call = keyless:start("get_backfill", 12345, 67890, {token = "otok_other"})
    while not call:result() do
      keyless:poll(LIMIT)
    end
    assert.equal("Bearer otok_other", server:requests()[1].headers.authorization)
    keyless:close()
  end)
end)
