local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local scripted_server = require "spec.support.scripted_server"
local skipping_clockwork = require "spec.support.skipping_clockwork"
local slowness = require "spec.support.slowness"
local unreachable_port = require "spec.support.unreachable_port"

local KEY = "key_of_the_attempts_spec"
-- Seconds by which a deadline may be missed, or which a wait may lose to the work around it.
local TOLERANCE = 0.05 * slowness
local DROP = {{close = true}}
local RUNNING = answers.backfill{status = '"RUNNING"'}
local CANCELLED = answers.backfill()

describe("supermetrics.attempts module", function()
  local server, clockwork, client

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  local function new_client(options)
    options.api_key = not options.token and KEY or nil
    options.base_url = options.base_url or server:base_url()
    clockwork = skipping_clockwork.new()
    client = client_module.new(options, clockwork)
    return client
  end

  before_each(function()
    new_client{}
  end)

  after_each(function()
    client:close()
  end)

  local function methods_sent()
    local methods = {}
    for index, request in ipairs(server:requests()) do
      methods[index] = request.method
    end
    return table.concat(methods, " ")
  end

  it("tries again after what may pass, and says how often and how long it took", function()
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR"), answers.error(503, "SERVICE_UNAVAILABLE"), CANCELLED}
    local backfill, err, response = client:cancel_backfill(12345, 67890)
    assert.equal("CANCELLED", backfill.status)
    assert.is_nil(err)
    assert.equal(3, response.attempts)
    assert.truthy(response.elapsed >= 1.5)
    assert.equal("PATCH PATCH PATCH", methods_sent())
    assert.near(1.5, clockwork.skipped, TOLERANCE)
  end)

  it("gives up after three attempts, or as many as it was told", function()
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR")}
    local _, err, response = client:get_backfill(12345, 67890)
    assert.equal("server_error", err.kind)
    assert.equal(3, err.attempts)
    assert.equal(3, response.attempts)
    assert.truthy(tostring(err):find("; 3 attempts [GET ", 1, true), tostring(err))
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR")}
    assert.equal(1, select(2, client:get_backfill(12345, 67890, {max_attempts = 1})).attempts)
    assert.equal(1, #server:requests())
  end)

  it("does not repeat what cannot pass", function()
    for status, code in pairs{[400] = "INVALID_PARAMETER", [401] = "API_KEY_INVALID", [403] = "ACCESS_DENIED",
      [404] = "NOT_FOUND", [302] = "FOUND"} do
      server:script{answers.error(status, code)}
      local _, err = client:get_backfill(12345, 67890)
      assert.equal(status, err.status)
      assert.equal(1, #server:requests())
    end
    server:script{answers.json(200, "{}")}
    assert.equal("invalid_response", select(2, client:get_backfill(12345, 67890)).kind)
    assert.equal(1, #server:requests())
  end)

  describe("Retry-After", function()
    it("of 2 seconds is waited out", function()
      server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "2"}), CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      assert.near(2, clockwork.skipped, TOLERANCE)
    end)

    it("as a date is waited out by the service's clock", function()
      server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "Wed, 21 Oct 2015 07:28:07 GMT",
        Date = "Wed, 21 Oct 2015 07:28:00 GMT"}), CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      assert.near(7, clockwork.skipped, TOLERANCE)
    end)

    it("of an hour fails at once against a deadline of 10 seconds, and says 3600", function()
      server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "3600"}), CANCELLED}
      local _, err = client:cancel_backfill(12345, 67890, {deadline = 10})
      assert.equal("rate_limited", err.kind)
      assert.equal(3600, err.retry_after)
      assert.equal(1, err.attempts)
      assert.equal(0, clockwork.skipped)
    end)

    it("of an hour fails at once without a deadline too", function()
      server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "3600"}), CANCELLED}
      assert.equal(3600, select(2, client:cancel_backfill(12345, 67890)).retry_after)
      assert.equal(0, clockwork.skipped)
    end)

    it("of an hour is waited out where the deadline allows it", function()
      server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "3600"}), CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890, {deadline = 4000}))
      assert.near(3600, clockwork.skipped, TOLERANCE)
    end)
  end)

  it("does not repeat after a used-up monthly quota", function()
    server:script{answers.error(429, "API_ROW_QUOTA_EXCEEDED"), CANCELLED}
    local _, err = client:cancel_backfill(12345, 67890)
    assert.equal("API_ROW_QUOTA_EXCEEDED", err.code)
    assert.equal(1, #server:requests())
  end)

  it("stops repeating when the budget of the client is spent", function()
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR")}
    for _ = 1, 25 do
      assert.equal(3, select(2, client:get_backfill(12345, 67890)).attempts)
    end
    assert.equal(1, select(2, client:get_backfill(12345, 67890)).attempts)
  end)

  describe("the deadline", function()
    local function seconds_of(call)
      local began = core.now()
      local _, err = call()
      return core.now() - began, err
    end

    local function assert_near(limit, seconds)
      assert.truthy(seconds >= limit - TOLERANCE and seconds <= limit + TOLERANCE, ("%.3f s"):format(seconds))
    end

    local function assert_within(limit, call)
      client:close()
      client = client_module.new{api_key = KEY, base_url = server:base_url()}
      local seconds, err = seconds_of(call)
      assert_near(limit, seconds)
      return err
    end

    it("holds while the service says nothing", function()
      server:script{{{stall = true}}}
      local err = assert_within(0.3, function()
        return client:cancel_backfill(12345, 67890, {deadline = 0.3})
      end)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
    end)

    it("holds while a connection is being made", function()
      local silent = unreachable_port.silent()
      client:close()
      client = client_module.new{api_key = KEY, base_url = silent:base_url()}
      local seconds, err = seconds_of(function()
        return client:cancel_backfill(12345, 67890, {deadline = 0.3})
      end)
      silent:stop()
      assert_near(0.3, seconds)
      assert.equal("not_applied", err.outcome)
    end)

    it("holds while TLS is being agreed on", function()
      local stalling = scripted_server.start{tls = {}}
      stalling:script{{at = "accept", {stall = true}}}
      client:close()
      client = client_module.new{api_key = KEY, base_url = stalling:base_url(), ca_file = stalling.ca_file}
      local seconds, err = seconds_of(function()
        return client:cancel_backfill(12345, 67890, {deadline = 0.3})
      end)
      stalling:stop()
      assert_near(0.3, seconds)
      assert.equal("timeout", err.kind)
    end)

    it("holds over several attempts and their waits", function()
      server:script{{{wait = 0.12}, {send = answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "0"})}}}
      local err = assert_within(0.3, function()
        return client:cancel_backfill(12345, 67890, {deadline = 0.3, max_attempts = 100})
      end)
      assert.truthy(err)
    end)

    it("holds while it is being looked at what became of a write", function()
      server:script{DROP, {{stall = true}}}
      local err = assert_within(0.3, function()
        return client:cancel_backfill(12345, 67890, {deadline = 0.3, max_attempts = 1})
      end)
      assert.equal("unknown", err.outcome)
      assert.equal("PATCH GET", methods_sent())
    end)
  end)

  it("does not care about jumps of the wall clock", function()
    local real_time, real_clock = os.time, os.clock
    local jumps = 0
    local function jump()
      jumps = jumps + 1
      return (jumps % 2 == 0 and -1 or 1) * jumps * 1e8
    end
    os.time, os.clock = jump, jump -- luacheck: ignore
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR"), DROP, RUNNING}
    local backfill = client:get_backfill(12345, 67890, {deadline = 30})
    os.time, os.clock = real_time, real_clock -- luacheck: ignore
    assert.truthy(backfill)
    assert.equal(0, jumps)
  end)

  describe("a token function", function()
    it("is asked for every attempt", function()
      local asked = 0
      client:close()
      new_client{token = function()
        asked = asked + 1
        return "otok_" .. asked
      end}
      server:script{answers.error(500, "INTERNAL_SERVER_ERROR"), CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      local requests = server:requests()
      assert.equal("Bearer otok_1", requests[1].headers.authorization)
      assert.equal("Bearer otok_2", requests[2].headers.authorization)
    end)

    it("is asked once more after a 401, with the error, and then no more", function()
      local errors = {}
      client:close()
      new_client{token = function(err)
        errors[#errors + 1] = err or "none"
        return "otok_" .. #errors
      end, max_attempts = 1}
      server:script{answers.error(401, "ACCESS_TOKEN_EXPIRED"), CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      assert.equal("none", errors[1])
      assert.equal("ACCESS_TOKEN_EXPIRED", errors[2].code)
      server:script{answers.error(401, "ACCESS_TOKEN_EXPIRED")}
      local _, err = client:cancel_backfill(12345, 67890)
      assert.equal("unauthorized", err.kind)
      assert.equal(2, #server:requests())
    end)

    it("may be a string, which is then the key of every call", function()
      client:close()
      new_client{token = "otok_as_text"}
      server:script{CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      assert.equal("Bearer otok_as_text", server:requests()[1].headers.authorization)
      local ok, message = pcall(client_module.new, {token = "otok_as_text", api_key = KEY})
      assert.is_false(ok)
      assert.truthy(message:find("pass the option 'api_key' or the option 'token', not both", 1, true), message)
    end)

    it("may belong to one call", function()
      server:script{CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890, {token = function()
        return "otok_of_one_call"
      end}))
      assert.equal("Bearer otok_of_one_call", server:requests()[1].headers.authorization)
    end)

    it("that raises, or returns no token, leaves the client usable and nothing in flight", function()
      server:script{CANCELLED}
      local function raise()
        error("no token today", 0)
      end
      local ok, message = pcall(client.cancel_backfill, client, 12345, 67890, {token = raise})
      assert.is_false(ok)
      assert.equal("no token today", message)
      ok, message = pcall(client.cancel_backfill, client, 12345, 67890, {token = function() end})
      assert.is_false(ok)
      assert.equal("supermetrics: the function 'token' must return a string, returned a nil", message)
      ok, message = pcall(client.cancel_backfill, client, 12345, 67890, {token = function()
        return "SECRET\n"
      end})
      assert.is_false(ok)
      assert.truthy(message:find("override 'token' must be printable ASCII", 1, true), message)
      assert.is_nil(message:find("SECRET", 1, true))
      assert.equal(0, client.core:poll(0))
      assert.equal(0, #server:requests())
      assert.truthy(client:cancel_backfill(12345, 67890))
    end)
  end)

  describe("the hook on_attempt", function()
    it("is told of every attempt, and of no secret", function()
      local seen = {}
      client:close()
      new_client{on_attempt = function(attempt)
        seen[#seen + 1] = attempt
      end}
      server:script{answers.error(500, "INTERNAL_SERVER_ERROR"), DROP, CANCELLED}
      assert.truthy(client:cancel_backfill(12345, 67890))
      assert.equal(3, #seen)
      assert.same({"server_error", "network"}, {seen[1].kind, seen[2].kind})
      assert.same({500, nil, 200}, {seen[1].status, seen[2].status, seen[3].status})
      for index, attempt in ipairs(seen) do
        assert.equal(index, attempt.attempt)
        assert.equal("PATCH", attempt.method)
        assert.equal("/teams/12345/backfills/67890", attempt.path)
        assert.equal("number", type(attempt.seconds))
        for _, value in pairs(attempt) do
          assert.is_nil(tostring(value):find(KEY, 1, true))
        end
      end
      assert.equal("request-2", seen[1].request_id)
    end)

    it("that raises leaves the client usable and nothing in flight", function()
      client:close()
      local must_raise = true
      new_client{on_attempt = function()
        if must_raise then
          error("the hook is broken", 0)
        end
      end}
      server:script{CANCELLED}
      local ok, message = pcall(client.cancel_backfill, client, 12345, 67890)
      assert.is_false(ok)
      assert.equal("the hook is broken", message)
      assert.equal(0, client.core:poll(0))
      must_raise = false
      assert.truthy(client:cancel_backfill(12345, 67890))
    end)
  end)
end)
