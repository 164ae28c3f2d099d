local calendar = require "supermetrics.sandbox.calendar"
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

  describe("the list of incomplete backfills", function()
    local function ids(list)
      local result = {}
      for index, backfill in ipairs(list) do
        result[index] = backfill.transfer_backfill_id
      end
      return result
    end

    it("has CREATED, SCHEDULED, RUNNING and FAILED ones of the team, newest first", function()
      local expected = {"9007199254740993", LARGEST_ID, "1001", "1002", "1003", "1007", "1004"}
      assert.same(expected, ids(rules:list_incomplete_backfills("12345")))
      assert.same({"2001"}, ids(rules:list_incomplete_backfills("67890")))
    end)

    it("shows a backfill as getting it does", function()
      for _, backfill in ipairs(rules:list_incomplete_backfills("12345")) do
        if backfill.transfer_backfill_id ~= "1007" then
          assert.same(get(backfill.transfer_backfill_id), backfill)
        end
      end
    end)

    it("puts the larger id first where the times are equal", function()
      local added = assert(rules:add_backfills("12345", "505", 2, "CREATED"))
      assert.same({"3001", "3002"}, added)
      local list = ids(rules:list_incomplete_backfills("12345"))
      assert.same({"3002", "3001"}, {list[1], list[2]})
    end)

    it("has no more than 100, the newest, and the others once those are cancelled", function()
      assert(rules:add_backfills("12345", "505", 150, "RUNNING"))
      local list = ids(rules:list_incomplete_backfills("12345"))
      assert.same({100, "3150", "3051"}, {#list, list[1], list[100]})
      for _, id in ipairs(list) do
        assert(cancel(id))
      end
      list = ids(rules:list_incomplete_backfills("12345"))
      assert.same({57, "3050"}, {#list, list[1]})
    end)

    it("is empty for a team without any", function()
      assert.same({}, rules:list_incomplete_backfills("1"))
    end)
  end)

  describe("the latest backfill of a transfer", function()
    local function latest(transfer_id)
      return rules:get_latest_backfill("12345", transfer_id)
    end

    it("is the newest, whatever its status", function()
      assert.same(get("1001"), latest("501"))
      assert.same(get("1003"), latest("502"))
      assert(cancel("1003"))
      assert.equal("CANCELLED", latest("502").status)
      assert.equal("9007199254740993", latest("504").transfer_backfill_id)
    end)

    it("is not found where there never was one, or the transfer is unknown or another team's", function()
      for _, transfer_id in ipairs {"505", "999", "601"} do
        assert_refused(404, "NOT_FOUND", latest(transfer_id))
      end
    end)

    it("is the one created last", function()
      local created = assert(rules:create_backfill("12345", "505", "2024-01-01", "2024-01-01", "790"))
      assert.same(created, latest("505"))
      local second = assert(rules:create_backfill("12345", "505", "2023-01-01", "2023-01-01", "790"))
      assert.same(second, latest("505"))
    end)
  end)

  describe("creating", function()
    local function create(first_date, last_date, transfer_id)
      return rules:create_backfill("12345", transfer_id or "505", first_date, last_date, "790")
    end

    it("makes a CREATED backfill with a run for each day, ids from 3001", function()
      assert.same({
        transfer_backfill_id = "3001", transfer_id = "505", status = "CREATED",
        range_start_date = "2024-01-01", range_end_date = "2024-02-29",
        created_time = "2024-05-03T12:00:00Z", created_user_id = "790", error_report = {},
        transfer_runs_total = 60, transfer_runs_created = 0, transfer_runs_completed = 0, transfer_runs_failed = 0,
      }, create("2024-01-01", "2024-02-29"))
      assert.equal("3002", create("2024-03-01", "2024-03-01").transfer_backfill_id)
      assert.same({1, 0, 0, 0}, counts(get("3002")))
    end)

    it("refuses what is no date, and a start after the end", function()
      for _, date in ipairs {"2024-02-30", "2023-02-29", "2024-13-01", "2024-1-1", "20240101", "", "2024-01-01T00Z"} do
        assert_refused(400, "INVALID_PARAMETER", create(date, "2024-03-01"))
        assert_refused(400, "INVALID_PARAMETER", create("2024-01-01", date))
      end
      assert_refused(400, "INVALID_PARAMETER", create("2024-01-02", "2024-01-01"))
    end)

    it("refuses a transfer that is unknown or another team's", function()
      assert_refused(404, "NOT_FOUND", create("2024-01-01", "2024-01-01", "999"))
      assert_refused(404, "NOT_FOUND", create("2024-01-01", "2024-01-01", "601"))
    end)

    it("refuses a range of which an active backfill of the same transfer has a day", function()
      -- 1001 is CREATED with March, 1002 SCHEDULED with February, 1003 RUNNING with January.
      for _, range in ipairs {{"2024-03-31", "2024-04-30", "501"}, {"2024-01-01", "2024-02-01", "501"},
        {"2024-01-15", "2024-01-16", "502"}, {"2023-01-01", "2024-12-31", "502"}} do
        assert_refused(422, "UNPROCESSABLE_ENTITY", create(range[1], range[2], range[3]))
      end
      assert.equal("CREATED", create("2024-04-01", "2024-04-30", "501").status)
      assert.equal("CREATED", create("2024-01-01", "2024-01-31", "501").status)
    end)

    it("takes a range of which only a FAILED, COMPLETED or CANCELLED one has days", function()
      assert.equal("CREATED", create("2024-04-01", "2024-04-14", "502").status)
      assert.equal("CREATED", create("2023-11-01", "2023-12-31", "503").status)
      assert(cancel("1003"))
      assert.equal("CREATED", create("2024-01-01", "2024-01-31", "502").status)
    end)

    it("refuses a range longer than the sandbox can hold", function()
      assert_refused(422, "UNPROCESSABLE_ENTITY", create("1900-01-01", "2024-01-01"))
    end)
  end)

  describe("adding", function()
    it("makes backfills of each status, which tell the same story", function()
      local expected = {CREATED = {7, 0, 0, 0}, SCHEDULED = {7, 7, 0, 0}, RUNNING = {7, 7, 2, 0}, FAILED = {7, 7, 6, 1},
        COMPLETED = {7, 7, 7, 0}, CANCELLED = {7, 7, 2, 0}}
      for status, expected_counts in pairs(expected) do
        local id = assert(rules:add_backfills("12345", "505", 1, status))[1]
        local backfill = get(id)
        assert.equal(status, backfill.status)
        assert.same(expected_counts, counts(backfill))
        assert.equal(status == "CANCELLED", backfill.removed_time ~= nil)
      end
    end)

    it("refuses a transfer that is unknown or another team's", function()
      assert_refused(404, "NOT_FOUND", rules:add_backfills("12345", "601", 1, "CREATED"))
    end)

    it("leaves ids out that the world has already", function()
      local row = {transfer_backfill_id = "3001", transfer_id = "1", status = "COMPLETED",
        range_start_date = "2024-01-01", range_end_date = "2024-01-01", created_time = "2024-01-02T00:00:00Z"}
      rules = state.new({teams = {"1"}, keys = {}, transfers = {{transfer_id = "1", team_id = "1"}},
        backfills = {row}}, os.time)
      assert.same({"3002"}, rules:add_backfills("1", "1", 1, "CREATED"))
    end)
  end)

  it("refuses a world that does not hold together", function()
    local row = {transfer_backfill_id = "1", transfer_id = "1"}
    assert.has_error(function()
      state.new({teams = {}, keys = {}, transfers = {}, backfills = {row}}, os.time)
    end, "a backfill of an unknown transfer")
  end)
end)
