local calendar = require "supermetrics.sandbox.calendar"
local identifier = require "supermetrics.sandbox.identifier"
local state = require "supermetrics.sandbox.state"
local world = require "supermetrics.sandbox.world"

local START = 1714737600 -- 2024-05-03T12:00:00Z
local LARGEST_ID = "9223372036854775807"

describe("supermetrics.sandbox.state module", function()
  local now, rules

  before_each(function()
    now = START
    rules = state.new(world, function()
      return now
    end)
  end)

  local function counts(backfill)
    return {
      backfill.transfer_runs_total, backfill.transfer_runs_created,
      backfill.transfer_runs_completed, backfill.transfer_runs_failed,
    }
  end

  local function cancel(backfill_id)
    return rules:cancel_backfill("12345", backfill_id, "790")
  end

  local function get(backfill_id)
    return assert(rules:get_backfill("12345", backfill_id))
  end

  local function assert_refused(status, code, value, refusal)
    assert.is_nil(value)
    assert.same({status, code}, {refusal.status, refusal.code})
    assert.truthy(tostring(refusal):find(("%d %s: "):format(status, code), 1, true))
  end

  describe("cancelling", function()
    for _, backfill_id in ipairs {"1001", "1002", "1003", "1004", "9007199254740993", LARGEST_ID} do
      it("sets status, end and removal of " .. backfill_id, function()
        local before = get(backfill_id)
        now = START + 90
        local backfill = assert(cancel(backfill_id))
        before.status = "CANCELLED"
        before.end_time = "2024-05-03T12:01:30Z"
        before.removed_time = "2024-05-03T12:01:30Z"
        before.removed_user_id = "790"
        assert.same(before, backfill)
        assert.same(before, get(backfill_id))
      end)
    end

    it("takes the statuses CREATED, SCHEDULED, RUNNING and FAILED", function()
      local statuses = {}
      for index, backfill_id in ipairs {"1001", "1002", "1003", "1004"} do
        statuses[index] = get(backfill_id).status
      end
      assert.same({"CREATED", "SCHEDULED", "RUNNING", "FAILED"}, statuses)
    end)

    it("refuses what is COMPLETED and what is CANCELLED, and leaves it as it is", function()
      for backfill_id, status in pairs {["1005"] = "COMPLETED", ["1006"] = "CANCELLED"} do
        local before = get(backfill_id)
        local value, refusal = cancel(backfill_id)
        assert_refused(422, "UNPROCESSABLE_ENTITY", value, refusal)
        assert.truthy(refusal.description:find(status, 1, true))
        assert.same(before, get(backfill_id))
      end
    end)

    it("refuses a second time", function()
      assert(cancel("1003"))
      assert_refused(422, "UNPROCESSABLE_ENTITY", cancel("1003"))
    end)

    it("cancels pending runs and lets those at work finish", function()
      assert.same({31, 31, 25, 0}, counts(assert(cancel("1003"))))
      rules:advance(60)
      assert.same({31, 31, 27, 0}, counts(get("1003")))
      rules:advance(24 * 60 * 60)
      assert.same({31, 31, 27, 0}, counts(get("1003")))
      assert.equal("CANCELLED", get("1003").status)
    end)

    it("never starts a run of a backfill that was only CREATED", function()
      assert(cancel("1001"))
      rules:advance(24 * 60 * 60)
      assert.same({31, 0, 0, 0}, counts(get("1001")))
      assert.is_nil(get("1001").start_time)
    end)

    it("keeps the errors of a FAILED backfill", function()
      assert.equal(2, #assert(cancel("1004")).error_report)
    end)
  end)

  describe("a backfill", function()
    it("is not found where there is none, or it is another team's", function()
      for _, backfill_id in ipairs {"9999", "2001"} do
        assert_refused(404, "NOT_FOUND", rules:get_backfill("12345", backfill_id))
        assert_refused(404, "NOT_FOUND", cancel(backfill_id))
      end
      assert.equal("RUNNING", assert(rules:get_backfill("67890", "2001")).status)
    end)

    it("on which the service fails does so for every request", function()
      assert_refused(500, "INTERNAL_SERVER_ERROR", rules:get_backfill("12345", "1007"))
      assert_refused(500, "INTERNAL_SERVER_ERROR", cancel("1007"))
    end)

    it("keeps ids that a double cannot hold", function()
      assert.equal("9007199254740993", get("9007199254740993").transfer_backfill_id)
      assert.equal(LARGEST_ID, get(LARGEST_ID).transfer_backfill_id)
      assert_refused(404, "NOT_FOUND", rules:get_backfill("12345", "9007199254740992"))
    end)

    it("reports the runs that failed, and an empty list where none did", function()
      local dates = {}
      for index, entry in ipairs(get("1004").error_report) do
        dates[index] = entry.transfer_run_date
        assert.truthy(#entry.error > 0)
      end
      assert.same({"2024-04-03", "2024-04-09"}, dates)
      assert.same({}, get("1003").error_report)
    end)

    it("has one run for each day of its range", function()
      for _, row in ipairs(world.backfills) do
        local first, last = calendar.day_number(row.range_start_date), calendar.day_number(row.range_end_date)
        if row.transfer_id ~= "601" and not row.always_fails then
          assert.equal(last - first + 1, get(row.transfer_backfill_id).transfer_runs_total)
        end
      end
    end)

    it("is shown as a table of its own", function()
      get("1003").status = "COMPLETED"
      assert.equal("RUNNING", get("1003").status)
    end)
  end)

  describe("time", function()
    it("stands still for backfills while only the clock goes on", function()
      local before = get("1003")
      now = START + 365 * 24 * 60 * 60
      assert.same(before, get("1003"))
    end)

    it("takes a backfill from CREATED over SCHEDULED and RUNNING to COMPLETED", function()
      local function after_a_minute()
        rules:advance(60)
        local backfill = get("1001")
        local times = (backfill.start_time or "-") .. " " .. (backfill.end_time or "-")
        return {backfill.status, times, counts(backfill)}
      end
      assert.same({"SCHEDULED", "- -", {31, 31, 0, 0}}, after_a_minute())
      assert.same({"RUNNING", "2024-05-03T12:02:00Z -", {31, 31, 0, 0}}, after_a_minute())
      assert.same({"RUNNING", "2024-05-03T12:02:00Z -", {31, 31, 4, 0}}, after_a_minute())
      rules:advance(6 * 60)
      local last = {"COMPLETED", "2024-05-03T12:02:00Z 2024-05-03T12:10:00Z", {31, 31, 31, 0}}
      assert.same(last, after_a_minute())
      assert.same(last, after_a_minute())
    end)

    it("takes a backfill with a run that fails to FAILED", function()
      local failing = {transfer_backfill_id = "1", transfer_id = "1", status = "SCHEDULED", created_user_id = "1",
        range_start_date = "2024-01-01", range_end_date = "2024-01-03", created_time = "2024-05-01T00:00:00Z",
        layout = {failures = {["2024-01-02"] = "refused"}}}
      local small_world = {teams = {"1"}, keys = {}, transfers = {{transfer_id = "1", team_id = "1"}},
        backfills = {failing}}
      rules = state.new(small_world, os.time)
      rules:advance(60)
      assert.same({}, rules:get_backfill("1", "1").error_report)
      rules:advance(60)
      local backfill = rules:get_backfill("1", "1")
      assert.equal("FAILED", backfill.status)
      assert.same({3, 3, 2, 1}, counts(backfill))
      assert.same({{transfer_run_date = "2024-01-02", error = "refused"}}, backfill.error_report)
    end)

    it("adds up when it is advanced in parts", function()
      rules:advance(59.5)
      assert.equal("CREATED", get("1001").status)
      rules:advance(0.5)
      assert.equal("SCHEDULED", get("1001").status)
      assert.equal("2024-05-03T12:01:00Z", rules:timestamp())
    end)

    it("leaves the world's rows as they were, so that a new state starts over", function()
      rules:advance(24 * 60 * 60)
      assert(cancel("1004"))
      rules = state.new(world, function()
        return START
      end)
      assert.equal("CREATED", get("1001").status)
      assert.equal("FAILED", get("1004").status)
    end)
  end)

  describe("a key", function()
    local function key_of(credential)
      return assert(rules:authenticate(credential))
    end

    local function may(credential, team_id, scope, permission)
      return state.authorize(key_of(credential), team_id, scope, permission)
    end

    it("is asked for", function()
      assert_refused(401, "UNAUTHORIZED", rules:authenticate(nil))
      assert_refused(401, "UNAUTHORIZED", rules:authenticate(""))
    end)

    it("must be known", function()
      assert_refused(401, "API_KEY_INVALID", rules:authenticate("sandbox_full_access_ke"))
      assert_refused(401, "ACCESS_TOKEN_INVALID", rules:authenticate("otok_unknown"))
    end)

    it("must not have expired", function()
      assert_refused(401, "ACCESS_TOKEN_EXPIRED", rules:authenticate("otok_sandbox_expired_token"))
    end)

    it("is valid to the second before it expires", function()
      local expiry = calendar.day_number("2024-01-01") * 24 * 60 * 60
      now = expiry - 1
      key_of("otok_sandbox_expired_token")
      now = expiry
      assert_refused(401, "ACCESS_TOKEN_EXPIRED", rules:authenticate("otok_sandbox_expired_token"))
    end)

    it("with no requests left is told when to come again", function()
      local value, refusal = rules:authenticate("sandbox_rate_limited_key")
      assert_refused(429, "TOO_MANY_REQUESTS", value, refusal)
      assert.equal(2, refusal.retry_after)
    end)

    it("with a used-up monthly quota is not told when to come again", function()
      local value, refusal = rules:authenticate("sandbox_quota_used_up_key")
      assert_refused(429, "API_ROW_QUOTA_EXCEEDED", value, refusal)
      assert.is_nil(refusal.retry_after)
    end)

    it("uses up its requests one by one", function()
      local row = {credential = "two", team_id = "1", user_id = "1", scopes = {}, permissions = {},
        hourly_limit = 100, requests_left = 2, retry_after = 7}
      rules = state.new({teams = {"1"}, keys = {row}, transfers = {}, backfills = {}}, os.time)
      assert.same({100, 1}, {state.rate_limit(key_of("two"))})
      assert.same({100, 0}, {state.rate_limit(key_of("two"))})
      assert_refused(429, "TOO_MANY_REQUESTS", rules:authenticate("two"))
    end)

    it("without a limit of its own is told the API's highest, and never less than 0 left", function()
      assert.same({10000, 9999}, {state.rate_limit(key_of("sandbox_full_access_key"))})
      for _ = 1, 10001 do
        key_of("sandbox_full_access_key")
      end
      assert.same({10000, 0}, {state.rate_limit(key_of("sandbox_full_access_key"))})
    end)

    it("needs the scope, the permission and the team", function()
      local write, edit = "dwh_transfers_write", "dwh.transfer.edit"
      assert.is_true(may("sandbox_full_access_key", "12345", write, edit))
      assert.is_true(may("sandbox_read_only_key", "12345", "dwh_transfers_read", "dwh.transfer.view"))
      assert.is_true(may("sandbox_viewer_key", "12345", "dwh_transfers_read", "dwh.transfer.view"))
      assert_refused(403, "ACCESS_DENIED", may("sandbox_read_only_key", "12345", write, edit))
      assert_refused(403, "ACCESS_DENIED", may("sandbox_viewer_key", "12345", write, edit))
      assert_refused(403, "ACCESS_DENIED", may("sandbox_full_access_key", "67890", write, edit))
      assert_refused(403, "ACCESS_DENIED", may("sandbox_full_access_key", "1", write, edit))
      assert.is_true(may("sandbox_other_team_key", "67890", write, edit))
    end)
  end)

  it("refuses a world that does not hold together", function()
    local row = {transfer_backfill_id = "1", transfer_id = "1"}
    assert.has_error(function()
      state.new({teams = {}, keys = {}, transfers = {}, backfills = {row}}, os.time)
    end, "a backfill of an unknown transfer")
  end)
end)

describe("supermetrics.sandbox.identifier module", function()
  it("takes 1 to 9223372036854775807 and drops leading zeros", function()
    local accepted = {["1"] = "1", ["007"] = "7", [LARGEST_ID] = LARGEST_ID, ["0" .. LARGEST_ID] = LARGEST_ID}
    for text, digits in pairs(accepted) do
      assert.equal(digits, identifier.parse(text))
    end
  end)

  it("refuses all else", function()
    for _, text in ipairs {"", "0", "00", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "x", "9223372036854775808",
      "10000000000000000000", "99999999999999999999"} do
      assert.is_nil(identifier.parse(text))
    end
  end)
end)

describe("supermetrics.sandbox.calendar module", function()
  it("counts days over leap years and centuries", function()
    local days = {["1970-01-01"] = 0, ["2000-02-29"] = 11016, ["2024-02-29"] = 19782, ["2024-03-01"] = 19783,
      ["2100-03-01"] = 47541}
    for date, number in pairs(days) do
      assert.equal(number, calendar.day_number(date))
      assert.equal(date, calendar.date(number))
    end
  end)

  it("knows which days do not exist", function()
    for _, date in ipairs {"2023-02-29", "2024-02-30", "2100-02-29", "2024-04-31", "2024-13-01", "2024-00-01",
      "2024-01-00", "2024-1-01", "20240101", "", "2024-01-01T00:00:00Z"} do
      assert.is_nil(calendar.day_number(date))
    end
  end)

  it("lists a range with both its ends", function()
    assert.same({"2024-02-28", "2024-02-29", "2024-03-01"}, calendar.range("2024-02-28", "2024-03-01"))
    assert.same({}, calendar.range("2024-03-02", "2024-03-01"))
  end)

  it("writes a moment in UTC, without fractions", function()
    assert.equal("2024-05-03T12:00:00Z", calendar.timestamp(START + 0.75))
  end)
end)
