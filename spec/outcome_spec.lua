local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local skipping_clockwork = require "spec.support.skipping_clockwork"

local KEY = "key_of_the_outcome_spec"
local DROP = {{close = true}}
local STALL = {{stall = true}}
local CANCELLED = answers.backfill()
local RUNNING = answers.backfill{status = '"RUNNING"', removed_time = "null", removed_user_id = "null"}
local COMPLETED = answers.backfill{status = '"COMPLETED"'}
local REFUSED = answers.error(422, "UNPROCESSABLE_ENTITY")
local BROKEN = answers.error(500, "INTERNAL_SERVER_ERROR")
local GATEWAY_TIMEOUT = answers.error(504, "GATEWAY_TIMEOUT")
local NOT_FOUND = answers.error(404, "NOT_FOUND")
local FORBIDDEN = answers.error(403, "ACCESS_DENIED")
local UNREACHED = answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "0"})

-- A latest backfill of the transfer, so many seconds old by the service's own clock.
local function latest(age, changes)
  local fields = {transfer_id = "456", range_start_date = '"2024-01-01"', range_end_date = '"2024-01-31"',
    status = '"CREATED"', created_time = ('"2024-02-01T09:%02d:%02dZ"'):format(30 - math.floor(age / 60), -age % 60)}
  if age % 60 > 0 then
    fields.created_time = ('"2024-02-01T09:%02d:%02dZ"'):format(29 - math.floor(age / 60), 60 - age % 60)
  end
  for name, text in pairs(changes or {}) do
    fields[name] = text
  end
  return answers.json(200, '{"data":' .. answers.backfill_json(fields) .. "}",
    {Date = "Thu, 01 Feb 2024 09:30:00 GMT"})
end

describe("supermetrics.outcome module", function()
  local server, client

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    client = client_module.new({api_key = KEY, base_url = server:base_url(), timeout = 0.3},
      skipping_clockwork.new())
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

  -- What the server does to a cancel, what was sent, and what the caller gets: a status of success, or an outcome.
  local cancels = {
    {"the first answer is lost, the next refuses, and GET says CANCELLED", {DROP, REFUSED, CANCELLED},
      "PATCH PATCH GET", "CANCELLED"},
    {"the first answer is lost and the next is the cancelled backfill", {DROP, CANCELLED}, "PATCH PATCH", "CANCELLED"},
    {"the second answer is lost too", {DROP, DROP, REFUSED, CANCELLED}, "PATCH PATCH PATCH GET", "CANCELLED"},
    {"the last answer is lost, and GET says CANCELLED", {BROKEN, UNREACHED, DROP, CANCELLED},
      "PATCH PATCH PATCH GET", "CANCELLED"},
    {"every answer is lost, and GET says CANCELLED", {DROP, DROP, DROP, CANCELLED}, "PATCH PATCH PATCH GET",
      "CANCELLED"},
    {"an answer times out, and the next refuses", {STALL, REFUSED, CANCELLED}, "PATCH PATCH GET", "CANCELLED"},
    {"a 500 hides a success", {BROKEN, REFUSED, CANCELLED}, "PATCH PATCH GET", "CANCELLED"},
    {"a 200 still says RUNNING, and GET says CANCELLED", {RUNNING, CANCELLED}, "PATCH GET", "CANCELLED"},
    {"a 200 is not JSON, and GET says CANCELLED", {answers.json(200, "<html>"), CANCELLED}, "PATCH GET", "CANCELLED"},
    {"a redirect, and GET says CANCELLED", {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", CANCELLED}, "PATCH GET",
      "CANCELLED"},
    {"the looking fails at first", {DROP, REFUSED, BROKEN, DROP, CANCELLED}, "PATCH PATCH GET GET GET", "CANCELLED"},

    {"nothing was applied, and GET says RUNNING", {DROP, DROP, DROP, RUNNING}, "PATCH PATCH PATCH GET", nil,
      "not_applied", "RUNNING", "network"},
    {"it completed meanwhile", {DROP, REFUSED, COMPLETED}, "PATCH PATCH GET", nil, "not_applied", "COMPLETED",
      "unprocessable"},
    {"it completed although an answer timed out", {STALL, REFUSED, COMPLETED}, "PATCH PATCH GET", nil, "not_applied",
      "COMPLETED", "unprocessable"},
    {"the service may still be at work", {STALL, STALL, STALL, RUNNING}, "PATCH PATCH PATCH GET", nil, "unknown",
      "RUNNING", "timeout"},
    {"the service behind a gateway may still be at work", {GATEWAY_TIMEOUT, UNREACHED, DROP, RUNNING},
      "PATCH PATCH PATCH GET", nil, "unknown", "RUNNING", "network"},
    {"GET is not allowed", {DROP, REFUSED, FORBIDDEN}, "PATCH PATCH GET", nil, "unknown", nil, "unprocessable"},
    {"GET cannot be had", {DROP, DROP, DROP, DROP}, "PATCH PATCH PATCH GET GET GET", nil, "unknown", nil, "network"},
    {"a 200 still says RUNNING, and so does GET", {RUNNING, RUNNING}, "PATCH GET", nil, "not_applied", "RUNNING",
      "invalid_response"},

    {"the first and only cancel is refused: completed", {REFUSED, COMPLETED}, "PATCH GET", nil, "not_applied",
      "COMPLETED", "unprocessable"},
    {"the first and only cancel is refused: cancelled by another", {REFUSED, CANCELLED}, "PATCH GET", nil,
      "not_applied", "CANCELLED", "unprocessable"},
    {"the first and only cancel is refused, and GET is not allowed", {REFUSED, FORBIDDEN}, "PATCH GET", nil,
      "not_applied", nil, "unprocessable"},
    {"a 429 came before the refusal", {UNREACHED, REFUSED, CANCELLED}, "PATCH PATCH GET", nil, "not_applied",
      "CANCELLED", "unprocessable"},
    {"there is no such backfill", {NOT_FOUND}, "PATCH", nil, "not_applied", nil, "not_found"},
  }

  for _, row in ipairs(cancels) do
    it("tells after a cancel where " .. row[1], function()
      server:script(row[2])
      local backfill, err, response = client:cancel_backfill(12345, 67890)
      assert.equal(row[3], methods_sent())
      assert.equal("table", type(response))
      if row[4] then
        assert.is_nil(err)
        assert.equal(row[4], backfill.status)
        return
      end
      assert.is_nil(backfill)
      assert.equal(row[5], err.outcome)
      assert.equal(row[6], err.backfill and err.backfill.status)
      assert.equal(row[7], err.kind)
      if err.kind == "unprocessable" and err.backfill then
        assert.truthy(tostring(err):find("; the backfill is already " .. row[6], 1, true), tostring(err))
      end
    end)
  end

  it("tells when a kept-alive connection is lost, where libcurl would send again by itself", function()
    server:script{CANCELLED, DROP, REFUSED, CANCELLED}
    assert(client:get_backfill(12345, 67890))
    local backfill = client:cancel_backfill(12345, 67890)
    assert.equal("CANCELLED", backfill.status)
    assert.equal("GET PATCH PATCH GET", methods_sent())
  end)

  it("keeps the error of a look that failed", function()
    server:script{DROP, REFUSED, FORBIDDEN}
    local _, err = client:cancel_backfill(12345, 67890)
    assert.equal("forbidden", err.look_error.kind)
  end)

  describe("ensure_backfill_cancelled", function()
    it("counts one that was cancelled before as a success", function()
      server:script{REFUSED, CANCELLED}
      local backfill, err = client:ensure_backfill_cancelled(12345, 67890)
      assert.equal("CANCELLED", backfill.status)
      assert.is_nil(err)
    end)

    it("does not count one that completed", function()
      server:script{REFUSED, COMPLETED}
      local _, err = client:ensure_backfill_cancelled(12345, 67890)
      assert.equal("unprocessable", err.kind)
      assert.equal("COMPLETED", err.backfill.status)
    end)

    it("cancels like any other", function()
      server:script{CANCELLED}
      assert.truthy(client:ensure_backfill_cancelled(12345, 67890))
      assert.equal("PATCH", methods_sent())
    end)
  end)

  local CREATED = latest(0)
  local creates = {
    {"is created at once", {CREATED}, "POST", "created"},
    {"was applied and the answer lost", {DROP, latest(1)}, "POST GET", "created"},
    {"was applied, and the answer timed out", {STALL, latest(1)}, "POST GET", "created"},
    {"was applied, and the answer is a 500", {BROKEN, latest(0)}, "POST GET", "created"},
    {"was told to wait", {UNREACHED, CREATED}, "POST POST", "created"},
    {"was dropped before it was applied: there is only an older one", {DROP, latest(90)}, "POST GET", "not_applied"},
    {"was dropped before it was applied: there never was one", {DROP, NOT_FOUND}, "POST GET", "not_applied"},
    {"failed with a 500: there is only an older one", {BROKEN, latest(90)}, "POST GET", "not_applied"},
    {"timed out: not seen yet proves nothing", {STALL, latest(90)}, "POST GET", "unknown"},
    {"was dropped, and somebody else made another range since",
      {DROP, latest(1, {range_end_date = '"2024-01-30"'})}, "POST GET", "unknown"},
    {"was dropped, and the service does not say when the latest was made",
      {DROP, latest(1, {created_time = "null"})}, "POST GET", "unknown"},
    {"was dropped, and the latest cannot be had", {DROP, DROP}, "POST GET GET GET", "unknown"},
    {"was dropped, and the latest is not to be seen", {DROP, FORBIDDEN}, "POST GET", "unknown"},
    {"overlaps", {REFUSED}, "POST", "not_applied"},
  }

  for _, row in ipairs(creates) do
    it("tells of a create that " .. row[1], function()
      server:script(row[2])
      local backfill, err = client:create_backfill(12345, 456, "2024-01-01", "2024-01-31")
      assert.equal(row[3], methods_sent())
      if row[4] == "created" then
        assert.is_nil(err)
        assert.equal("CREATED", backfill.status)
        assert.equal("2024-01-01", backfill.range_start_date)
      else
        assert.is_nil(backfill)
        assert.equal(row[4], err.outcome)
      end
      local first = server:requests()[1]
      assert.equal("/v1/teams/12345/transfers/456/backfills", first.path)
      assert.equal('{"range_start":"2024-01-01","range_end":"2024-01-31"}', first.body)
    end)
  end

  it("sends a create once even when a kept-alive connection is lost", function()
    server:script{latest(90), DROP, latest(1)}
    assert(client:get_latest_backfill(12345, 456))
    assert.truthy(client:create_backfill(12345, 456, "2024-01-01", "2024-01-31"))
    assert.equal("GET POST GET", methods_sent())
  end)
end)

describe("supermetrics.outcome module against the sandbox", function()
  local service, client

  setup(function()
    service = sandbox.start()
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
    client = client_module.new({api_key = service.api_key, base_url = service.base_url}, skipping_clockwork.new())
  end)

  after_each(function()
    client:close()
  end)

  local function create()
    return client:create_backfill(12345, 504, "2024-06-01", "2024-06-30")
  end

  it("finds the backfill of a create whose answer was lost, and exactly one request reached the service", function()
    service:faults{{operation = "create_backfill", drop = "after"}}
    local backfill, err = create()
    assert.is_nil(err)
    assert.equal("CREATED", backfill.status)
    assert.equal("2024-06-30", backfill.range_end_date)
    local statistics = service:statistics()
    assert.equal(1, statistics.by_operation.create_backfill)
    assert.equal(1, statistics.applied.create_backfill)
  end)

  it("does so on a kept-alive connection too, where libcurl would send again by itself", function()
    assert(client:get_latest_backfill(12345, 504))
    service:faults{{operation = "create_backfill", drop = "after"}}
    assert.truthy(create())
    assert.equal(1, service:statistics().by_operation.create_backfill)
  end)

  it("knows that a create was not applied, and exactly one request reached the service", function()
    service:faults{{operation = "create_backfill", drop = "before"}}
    local _, err = create()
    assert.equal("not_applied", err.outcome)
    local statistics = service:statistics()
    assert.equal(1, statistics.by_operation.create_backfill)
    assert.equal(0, statistics.applied.create_backfill)
  end)

  it("says that it does not know where the latest cannot tell", function()
    service:faults{{operation = "create_backfill", drop = "after"},
      {operation = "get_latest_backfill", status = 403, code = "ACCESS_DENIED"}}
    local _, err = create()
    assert.equal("unknown", err.outcome)
    assert.equal("forbidden", err.look_error.kind)
    assert.equal(1, service:statistics().by_operation.create_backfill)
  end)

  for attempt = 1, 3 do
    it("finds a cancel whose answer was lost on attempt " .. attempt, function()
      local earlier = {}
      for request = 1, attempt - 1 do
        earlier[request] = request
      end
      local faults = {{operation = "cancel_backfill", requests = {attempt}, drop = "after"}}
      if attempt > 1 then
        faults[2] = {operation = "cancel_backfill", requests = earlier, status = 503, code = "SERVICE_UNAVAILABLE"}
      end
      assert(client:get_backfill(12345, 1003))
      service:faults(faults)
      local backfill, err = client:cancel_backfill(12345, 1003)
      assert.is_nil(err)
      assert.equal("CANCELLED", backfill.status)
      assert.equal(1, service:statistics().applied.cancel_backfill)
    end)
  end

  it("tells a create that overlaps, and one for a transfer that does not exist", function()
    assert.truthy(create())
    assert.equal("unprocessable", select(2, create()).kind)
    assert.equal("not_found", select(2, client:create_backfill(12345, 999, "2024-06-01", "2024-06-30")).kind)
  end)
end)
