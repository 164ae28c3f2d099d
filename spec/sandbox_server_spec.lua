-- The API of the sandbox over real sockets.

local calendar = require "supermetrics.calendar"
local sandbox = require "spec.support.sandbox"

local backfill_path, transfer_path = sandbox.backfill_path, sandbox.transfer_path

local function assert_error(status, code, response)
  assert.same({status, code}, {response.status, response.json.error and response.json.error.code})
  assert.truthy(response.json.error.message:find("%S"))
  assert.truthy(response.json.error.description:find("%S"))
  assert.is_nil(response.json.data)
end

local MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"

-- Seconds since 1970 of an HTTP date.
local function http_seconds(text)
  local day, month, year, time = text:match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$")
  local month_number = (MONTHS:find(month, 1, true) + 2) / 3
  return calendar.seconds(("%s-%02d-%sT%sZ"):format(year, month_number, day, time))
end

describe("supermetrics.sandbox server", function()
  local s

  setup(function()
    s = sandbox.start()
  end)

  teardown(function()
    s:stop()
  end)

  before_each(function()
    s:reset()
  end)

  describe("answers", function()
    it("a GET with the backfill, its absent fields null and its error_report a list", function()
      local response = s:get("1003")
      assert.equal(200, response.status)
      assert.equal(('{"meta":{"request_id":"%s"},"data":{'):format(response.json.meta.request_id)
        .. '"transfer_backfill_id":1003,"transfer_id":502,'
        .. '"range_start_date":"2024-01-01","range_end_date":"2024-01-31",'
        .. '"created_time":"2024-05-01T09:00:00Z","created_user_id":789,"removed_time":null,"removed_user_id":null,'
        .. '"start_time":"2024-05-01T10:00:00Z","end_time":null,"status":"RUNNING",'
        .. '"transfer_runs_total":31,"transfer_runs_created":31,'
        .. '"transfer_runs_completed":25,"transfer_runs_failed":0,"error_report":[]}}', response.text)
    end)

    it("a PATCH with the cancelled backfill, which GET then shows", function()
      local response = s:cancel("1003")
      assert.equal(200, response.status)
      local backfill = response.json.data
      assert.equal("CANCELLED", backfill.status)
      assert.equal(790, backfill.removed_user_id)
      assert.truthy(backfill.removed_time:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
      assert.equal(backfill.removed_time, backfill.end_time)
      assert.same(backfill, s:get("1003").json.data)
    end)

    it("each of the six statuses", function()
      local statuses = {}
      for index = 1, 6 do
        statuses[index] = s:get(1000 + index).json.data.status
      end
      assert.same({"CREATED", "SCHEDULED", "RUNNING", "FAILED", "COMPLETED", "CANCELLED"}, statuses)
    end)

    it("ids beyond a double as exact bare integers", function()
      for _, backfill_id in ipairs {"9007199254740993", "9223372036854775807"} do
        local expected = ('"transfer_backfill_id":%s,'):format(backfill_id)
        assert.truthy(s:get(backfill_id).text:find(expected, 1, true))
        assert.truthy(s:cancel(backfill_id).text:find(expected, 1, true))
      end
    end)

    it("the errors of a FAILED backfill", function()
      local report = s:get("1004").json.data.error_report
      assert.same({"2024-04-03", "2024-04-09"}, {report[1].transfer_run_date, report[2].transfer_run_date})
    end)

    it("400 to a body that is no JSON object", function()
      for _, body in ipairs {"", "{", "CANCELLED", "null", '"CANCELLED"', "[1]", sandbox.CANCEL .. "x"} do
        assert_error(400, "BAD_REQUEST", s:cancel("1003", {body = body}))
      end
    end)

    it("400 to a status that is missing or another than CANCELLED", function()
      for _, body in ipairs {"{}", "[]", '{"Status":"CANCELLED"}', '{"status":null}', '{"status":"RUNNING"}',
        '{"status":"cancelled"}', '{"status":["CANCELLED"]}', '{"status":true}'} do
        assert_error(400, "INVALID_PARAMETER", s:cancel("1003", {body = body}))
      end
      assert.equal("RUNNING", s:get("1003").json.data.status)
    end)

    it("400 to ids that are no integers from 1 to 2^63 - 1", function()
      for _, id in ipairs {"0", "-1", "1.5", "x", "", "9223372036854775808", "1%20", "99999999999999999999"} do
        assert_error(400, "INVALID_PARAMETER", s:get(id))
        assert_error(400, "INVALID_PARAMETER", s:cancel(id))
        assert_error(400, "INVALID_PARAMETER", s:request("GET", backfill_path("1003", id)))
      end
    end)

    it("401 with WWW-Authenticate to no key, a key it does not know, and an expired one", function()
      local codes = {
        [false] = "UNAUTHORIZED",
        ["Basic c2FuZGJveA=="] = "UNAUTHORIZED",
        ["Bearer"] = "UNAUTHORIZED",
        ["Bearer unknown"] = "API_KEY_INVALID",
        ["Bearer otok_unknown"] = "ACCESS_TOKEN_INVALID",
        ["Bearer otok_sandbox_expired_token"] = "ACCESS_TOKEN_EXPIRED",
      }
      for authorization, code in pairs(codes) do
        local response = s:get("1003", {authorization = authorization})
        assert_error(401, code, response)
        assert.equal("Bearer", response.headers["www-authenticate"])
      end
    end)

    it("403 where scope or permission is missing, or the team is another one", function()
      assert_error(403, "ACCESS_DENIED", s:cancel("1003", {key = "sandbox_read_only_key"}))
      assert_error(403, "ACCESS_DENIED", s:cancel("1003", {key = "sandbox_viewer_key"}))
      assert_error(403, "ACCESS_DENIED", s:request("GET", backfill_path("2001", "67890")))
      assert.equal(200, s:get("1003", {key = "sandbox_read_only_key"}).status)
      assert.equal("RUNNING", s:get("1003").json.data.status)
    end)

    it("404 to a backfill that is unknown or another team's, and to an unknown path", function()
      for _, backfill_id in ipairs {"9999", "2001", "9007199254740992"} do
        assert_error(404, "NOT_FOUND", s:get(backfill_id))
        assert_error(404, "NOT_FOUND", s:cancel(backfill_id))
      end
      for _, path in ipairs {"/", "/v1", "/v2/teams/12345/backfills/1003", "/v1/teams/12345/backfills/1003/"} do
        assert_error(404, "NOT_FOUND", s:request("GET", path))
      end
    end)

    it("405 with Allow to an unknown method of a known path", function()
      for _, method in ipairs {"POST", "PUT", "DELETE", "OPTIONS"} do
        local response = s:request(method, backfill_path("1003"))
        assert_error(405, "METHOD_NOT_ALLOWED", response)
        assert.equal("GET, PATCH", response.headers.allow)
      end
    end)

    it("422 with the limits of the key to what is final", function()
      local response = s:cancel("1005")
      assert_error(422, "UNPROCESSABLE_ENTITY", response)
      assert.equal("10000", response.headers["x-ratelimit-limit"])
      assert.equal("9999", response.headers["x-ratelimit-remaining"])
      assert_error(422, "UNPROCESSABLE_ENTITY", s:cancel("1006"))
    end)

    it("429 with Retry-After to a used-up hour, without it to a used-up month", function()
      for _ = 1, 2 do
        local response = s:cancel("1003", {key = "sandbox_rate_limited_key"})
        assert_error(429, "TOO_MANY_REQUESTS", response)
        assert.equal("2", response.headers["retry-after"])
      end
      local response = s:get("1003", {key = "sandbox_quota_used_up_key"})
      assert_error(429, "API_ROW_QUOTA_EXCEEDED", response)
      assert.is_nil(response.headers["retry-after"])
    end)

    it("500 for the backfill on which the service fails", function()
      assert_error(500, "INTERNAL_SERVER_ERROR", s:get("1007"))
      assert_error(500, "INTERNAL_SERVER_ERROR", s:cancel("1007"))
    end)

    it("everything with the same three headers, and a request id of its own", function()
      local seen = {}
      local responses = {s:get("1003"), s:get("1003"), s:get("1007"), s:get("9999"), s:cancel("1005"),
        s:request("GET", "/"), s:get("1003", {authorization = false}), s:request("PUT", backfill_path("1003"))}
      for _, response in ipairs(responses) do
        local id = response.json.meta.request_id
        assert.equal("application/json", response.headers["content-type"])
        assert.equal("*", response.headers["access-control-allow-origin"])
        assert.equal(id, response.headers["x-request-id"])
        assert.truthy(id:find("^[A-Za-z0-9_-]+$") and #id >= 8 and #id <= 50)
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end)

    it("whatever the case of Bearer, and whatever follows the path", function()
      assert.equal(200, s:get("1003", {authorization = "bearer  " .. sandbox.FULL_KEY}).status)
      assert.equal(200, s:get("1003?verbose=1").status)
    end)

    it("a list with the team's incomplete backfills, newest first, as one by one", function()
      local response = s:request("GET", "/v1/teams/12345/backfills")
      assert.equal(200, response.status)
      local ids = {}
      for id in response.text:gmatch('"transfer_backfill_id":(%d+)') do
        table.insert(ids, id)
      end
      assert.same({"9007199254740993", "9223372036854775807", "1001", "1002", "1003", "1007", "1004"}, ids)
      assert.same(s:get("1003").json.data, response.json.data[5])
    end)

    it("an empty list with a list", function()
      s:request("PATCH", backfill_path("2001", "67890"), {key = "sandbox_other_team_key", body = sandbox.CANCEL})
      local response = s:request("GET", "/v1/teams/67890/backfills", {key = "sandbox_other_team_key"})
      assert.truthy(response.text:find('"data":[]', 1, true))
    end)

    it("the latest backfill of a transfer, and 404 where there never was one", function()
      assert.same(s:get("1003").json.data, s:request("GET", transfer_path("502") .. "/latest").json.data)
      assert_error(404, "NOT_FOUND", s:request("GET", transfer_path("505") .. "/latest"))
      assert_error(404, "NOT_FOUND", s:request("GET", transfer_path("999") .. "/latest"))
    end)

    it("a POST with the created backfill and 200, which GET, list and latest then show", function()
      local response = s:create("505", "2024-01-01", "2024-02-29")
      assert.equal(200, response.status)
      local backfill = response.json.data
      assert.same({3001, 505, "CREATED", 60, 0, 790}, {backfill.transfer_backfill_id, backfill.transfer_id,
        backfill.status, backfill.transfer_runs_total, backfill.transfer_runs_created, backfill.created_user_id})
      assert.same(backfill, s:get("3001").json.data)
      assert.same(backfill, s:request("GET", transfer_path("505") .. "/latest").json.data)
      assert.same(backfill, s:request("GET", "/v1/teams/12345/backfills").json.data[1])
    end)

    it("400 to a POST without two dates of the calendar in their order", function()
      local function post(body)
        return s:request("POST", transfer_path("505"), {body = body})
      end
      for _, body in ipairs {"", "[1]", '"2024-01-01"'} do
        assert_error(400, "BAD_REQUEST", post(body))
      end
      for _, body in ipairs {"{}", '{"range_start":"2024-01-01"}', '{"range_start":"2024-01-01","range_end":null}',
        '{"range_start":20240101,"range_end":"2024-01-01"}', '{"range_start":"2024-02-30","range_end":"2024-03-01"}',
        '{"range_start":"2024-01-02","range_end":"2024-01-01"}'} do
        assert_error(400, "INVALID_PARAMETER", post(body))
      end
      assert.equal(0, s:statistics().applied.create_backfill)
    end)

    it("404 to a POST for an unknown transfer, 422 where an active backfill has the days", function()
      assert_error(404, "NOT_FOUND", s:create("999", "2024-01-01", "2024-01-01"))
      assert_error(422, "UNPROCESSABLE_ENTITY", s:create("502", "2024-01-31", "2024-02-01"))
    end)

    it("403 to a POST without the scope, and to a list of another team", function()
      assert_error(403, "ACCESS_DENIED", s:request("POST", transfer_path("505"), {key = "sandbox_read_only_key"}))
      assert_error(403, "ACCESS_DENIED", s:request("GET", "/v1/teams/67890/backfills"))
    end)

    it("everything with the Date of the clock that made created_time, moved or not", function()
      for _ = 1, 2 do
        local response = s:create("505", "2024-01-01", "2024-01-01")
        local created_time = calendar.seconds(response.json.data.created_time)
        local seconds_later = http_seconds(response.headers.date) - created_time
        assert.truthy(seconds_later == 0 or seconds_later == 1, response.headers.date)
        assert.truthy(math.abs(http_seconds(s:request("GET", "/").headers.date) - created_time) <= 30)
        s:cancel("3001")
        s:advance(24 * 60 * 60)
      end
    end)
  end)

  describe("a connection", function()
    it("holds for a thousand requests", function()
      local connection = s:connect()
      for _ = 1, 1000 do
        assert.equal(200, sandbox.exchange(connection, "GET", backfill_path("1003")).status)
      end
      connection:close()
      local statistics = s:statistics()
      assert.same({1, 1000, 1000},
        {statistics.connections, statistics.requests, statistics.by_operation.get_backfill})
    end)

    it("holds after every kind of refusal", function()
      local connection = s:connect()
      for status, backfill_id in pairs {[400] = "x", [404] = "9999", [422] = "1005", [500] = "1007"} do
        local path = backfill_path(backfill_id)
        assert.equal(status, sandbox.exchange(connection, "PATCH", path, {body = sandbox.CANCEL}).status)
      end
      local refused = {authorization = false, body = sandbox.CANCEL}
      assert.equal(401, sandbox.exchange(connection, "PATCH", backfill_path("1003"), refused).status)
      assert.equal(405, sandbox.exchange(connection, "PUT", backfill_path("1003"), {body = sandbox.CANCEL}).status)
      assert.equal(200, sandbox.exchange(connection, "GET", backfill_path("1003")).status)
      connection:close()
      assert.equal(1, s:statistics().connections)
    end)

    it("that ends in the middle of a request changes nothing, wherever that is", function()
      local whole = sandbox.request_text("PATCH", backfill_path("1003"), {body = sandbox.CANCEL})
      for length = 0, #whole - 1 do
        local connection = s:connect()
        connection:write(whole:sub(1, length))
        connection:close()
      end
      assert.equal("RUNNING", s:get("1003").json.data.status)
    end)

    it("that ends before the answer is read does no harm", function()
      for _ = 1, 20 do
        local connection = s:connect()
        connection:write(sandbox.request_text("GET", backfill_path("1003"), {}):rep(50))
        connection:close()
      end
      assert.equal(200, s:get("1003").status)
    end)

    it("on which something else than HTTP is spoken is answered with 400 or ended, and others go on", function()
      for _, header in ipairs {"no colon", "Content-Length: -5", "Content-Length: x", "Transfer-Encoding: ;;;"} do
        local connection = s:connect()
        connection:write(("GET %s HTTP/1.1\r\nHost: sandbox\r\n%s\r\n\r\n"):format(backfill_path("1003"), header))
        assert_error(400, "BAD_REQUEST", sandbox.receive(connection))
        assert.is_nil((connection:read(1)))
        connection:close()
      end
      assert.equal(200, s:get("1003").status)
    end)

    it("with a body that no request needs is answered with 400 and ended", function()
      local connection = s:connect()
      local body = ("x"):rep(64 * 1024 + 1)
      local response = sandbox.exchange(connection, "PATCH", backfill_path("1003"), {body = body})
      assert_error(400, "BAD_REQUEST", response)
      connection:close()
      assert.equal(200, s:get("1003").status)
    end)
  end)
end)
