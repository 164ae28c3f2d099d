-- The example scripts, each as its user runs it. Those of event loops, frame loops, OpenResty and C hosts stand in the
-- specs of those hosts.

local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

local unpack = table.unpack or unpack -- luacheck: ignore

describe("examples", function()
  local service

  setup(function()
    service = sandbox.start()
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
  end)

  local function start(name, ...)
    return process.start({process.own_interpreter(), "examples/" .. name, ...},
      {SUPERMETRICS_BASE_URL = service.base_url, SUPERMETRICS_API_KEY = service.api_key}, {stderr = "stdout"})
  end

  -- Runs one to its end, which must be `expected`; returns what it printed.
  local function run(expected, ...)
    local exit_code, output = start(...):wait()
    assert.equal(expected, exit_code, output)
    return output
  end

  local function status_of(backfill_id)
    return service:get(backfill_id).json.data.status
  end

  local function count_of(text, piece)
    local _, count = text:gsub(piece, "")
    return count
  end

  describe("cancel_backfill.lua", function()
    it("shows a backfill before and after it was cancelled", function()
      local output = run(0, "cancel_backfill.lua", "12345", "1003")
      assert.truthy(output:find("^before: backfill 1003 of transfer 502: RUNNING"), output)
      assert.truthy(output:find("\nafter:  backfill 1003 of transfer 502: CANCELLED", 1, true), output)
      assert.equal("CANCELLED", status_of(1003))
    end)

    it("says why it was not", function()
      assert.truthy(run(1, "cancel_backfill.lua", "12345", "1005"):find("so there is nothing left to cancel", 1, true))
      assert.truthy(run(1, "cancel_backfill.lua", "12345", "9999"):find("not_found", 1, true))
      assert.truthy(run(2, "cancel_backfill.lua", "12345"):find("usage", 1, true))
    end)
  end)

  describe("cancel_older_than.lua", function()
    it("shows what it would cancel, and cancels nothing", function()
      local output = run(0, "cancel_older_than.lua", "12345", "2024-05-02")
      assert.equal(3, count_of(output, "created 2024%-0"), output)
      assert.equal("RUNNING", status_of(1003))
    end)

    it("cancels what is older, and nothing else", function()
      local output = run(1, "cancel_older_than.lua", "12345", "2024-05-02", "--yes")
      assert.truthy(output:find("\n1003: CANCELLED\n", 1, true), output)
      assert.truthy(output:find("\n1004: CANCELLED\n", 1, true), output)
      assert.truthy(output:find("\n1007: cancel_backfill: server_error", 1, true), output)
      for backfill_id, status in pairs{[1003] = "CANCELLED", [1004] = "CANCELLED", [1001] = "CREATED"} do
        assert.equal(status, status_of(backfill_id))
      end
    end)

    it("goes on behind a full list", function()
      service:add_backfills{count = 230, transfer_id = "505"}
      local tomorrow = os.date("!%Y-%m-%d", os.time() + 24 * 3600)
      local output = run(1, "cancel_older_than.lua", "12345", tomorrow, "--yes")
      -- 230 and the world's own seven, of which one always fails.
      assert.equal(236, count_of(output, ": CANCELLED\n"), output)
    end)

    it("takes nothing but a team, a day and --yes", function()
      for _, arguments in ipairs{{}, {"12345"}, {"12345", "yesterday"}, {"12345", "2024-05-02", "--no"}} do
        assert.truthy(run(2, "cancel_older_than.lua", unpack(arguments)):find("usage", 1, true))
      end
      assert.equal(0, service:statistics().requests)
    end)
  end)

  describe("report_stuck.lua", function()
    it("names those that started or were made longer ago than that, and leaves out what FAILED", function()
      local output = run(1, "report_stuck.lua", "12345", "24")
      assert.equal(6, count_of(output, "since 2024%-0"), output)
      assert.truthy(output:find("backfill 1003 .-running since 2024%-05%-01T10:00:00Z\n"), output)
      assert.truthy(output:find("backfill 1001 .-waiting since 2024%-05%-02T09:00:00Z\n"), output)
      assert.is_nil(output:find("backfill 1004", 1, true))
    end)

    it("says nothing where none is", function()
      assert.equal("", run(0, "report_stuck.lua", "12345", "999999"))
    end)

    it("tells the difference where nobody knows", function()
      assert.truthy(run(3, "report_stuck.lua", "67890", "24"):find("^list_incomplete_backfills: "))
      assert.truthy(run(2, "report_stuck.lua", "12345"):find("usage", 1, true))
    end)
  end)

  describe("recreate_failed.lua", function()
    it("loads the range of a backfill that failed once more, and waits for the end", function()
      service:add_backfills{transfer_id = "505", status = "FAILED"}
      local child = start("recreate_failed.lua", "12345", "505")
      local lines = {}
      repeat
        lines[#lines + 1] = assert(child:read_line(), "it ended before the backfill was made")
      until lines[#lines]:find("^        backfill %d+ of transfer 505: ")
      service:advance(24 * 3600)
      local exit_code, output = child:wait()
      assert.equal(0, exit_code, output)
      assert.truthy(lines[1]:find("^latest: backfill %d+ of transfer 505: FAILED, 2020%-01%-01 to 2020%-01%-07"))
      assert.equal("        2020-01-04: The data source did not answer in time.", lines[2])
      assert.truthy(output:find("ended:  backfill %d+ of transfer 505: COMPLETED, 2020%-01%-01 to"), output)
    end)

    it("leaves one alone that did not fail", function()
      local output = run(0, "recreate_failed.lua", "12345", "502")
      assert.equal(1, count_of(output, "\n"), output)
      assert.equal(0, service:statistics().applied.create_backfill)
    end)

    it("says why it could not", function()
      assert.truthy(run(1, "recreate_failed.lua", "12345", "999"):find("^error: get_latest_backfill: not_found"))
      assert.truthy(run(2, "recreate_failed.lua", "12345"):find("usage", 1, true))
    end)
  end)

  describe("console_command.lua", function()
    it("runs commands side by side with frames, and survives what is wrong with one", function()
      service:faults{{operation = "cancel_backfill", delay = 0.1}}
      local output = run(0, "console_command.lua", "cancel 12345 1003", "backfills 12345", "cancel 12345 0", "what")
      assert.truthy(output:find("\nbackfill 1003 of transfer 502: CANCELLED", 1, true), output)
      assert.truthy(output:find("\n%d incomplete\nbackfill 9007199254740993 "), output)
      assert.truthy(output:find('\ncancel_backfill: backfill_id must be [^\n]+, got "0"\n'), output)
      assert.truthy(output:find("\nunknown command: what\n", 1, true), output)
      assert.truthy(tonumber(output:match("(%d+) frames\n$")) >= 4, output)
    end)
  end)
end)
