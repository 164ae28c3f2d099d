local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local scripted_server = require "spec.support.scripted_server"
local skipping_clockwork = require "spec.support.skipping_clockwork"
require "supermetrics"

local function state(status, completed)
  return answers.backfill{status = '"' .. status .. '"', transfer_runs_completed = tostring(completed or 0)}
end

describe("supermetrics.waiting module", function()
  local server, client, clockwork

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    clockwork = skipping_clockwork.new()
    clockwork.factor = 0
    client = client_module.new({api_key = "key_of_the_waiting_spec", base_url = server:base_url()}, clockwork)
  end)

  after_each(function()
    client:close()
  end)

  it("returns the backfill once it has ended, whichever way", function()
    for _, status in ipairs{"COMPLETED", "FAILED", "CANCELLED"} do
      server:script{state("SCHEDULED"), state("RUNNING", 3), state(status, 5)}
      local backfill, err, response = client:wait_for_backfill(12345, 67890)
      assert.is_nil(err)
      assert.equal(status, backfill.status)
      assert.equal(200, response.status)
      assert.equal(3, #server:requests())
    end
  end)

  it("looks every second while it moves, and ever less often, down to every 30 seconds, while it does not", function()
    local script = {}
    for run = 1, 4 do
      script[run] = state("RUNNING", run)
    end
    for _ = 1, 12 do
      script[#script + 1] = state("RUNNING", 4)
    end
    script[#script + 1] = state("COMPLETED", 31)
    server:script(script)
    local moments = {}
    local now = clockwork.now
    client.settings.on_attempt = function()
      moments[#moments + 1] = now()
    end
    assert.truthy(client:wait_for_backfill(12345, 67890))
    local waits = {}
    for index = 2, #moments do
      waits[#waits + 1] = moments[index] - moments[index - 1]
    end
    assert.equal(16, #waits)
    for index = 1, 4 do
      assert.near(1, waits[index], 0.1)
    end
    for index = 5, 16 do
      assert.near(math.min(1.5 ^ (index - 4), 30), waits[index], 0.1)
    end
  end)

  it("tells its progress whenever it has moved, and only then", function()
    server:script{state("SCHEDULED"), state("SCHEDULED"), state("RUNNING"), state("RUNNING", 3), state("RUNNING", 3),
      state("COMPLETED", 31)}
    local seen = {}
    client:wait_for_backfill(12345, 67890, {on_progress = function(backfill)
      seen[#seen + 1] = backfill.status .. " " .. ("%d"):format(backfill.transfer_runs_completed)
    end})
    assert.same({"SCHEDULED 0", "RUNNING 0", "RUNNING 3", "COMPLETED 31"}, seen)
  end)

  it("says that the time ran out, and what was seen last", function()
    server:script{state("RUNNING", 3)}
    local backfill, err = client:wait_for_backfill(12345, 67890, {timeout = 100})
    assert.is_nil(backfill)
    assert.equal("timeout", err.kind)
    assert.equal("RUNNING", err.backfill.status)
    local sentence = "wait_for_backfill: timeout: the backfill had not ended after 100 s, it is RUNNING"
    assert.equal(sentence, tostring(err):sub(1, #sentence))
    assert.near(100, clockwork.skipped, 0.5)
  end)

  it("survives passing failures", function()
    local broken = answers.error(500, "INTERNAL_SERVER_ERROR")
    server:script{state("RUNNING"), broken, {{close = true}}, broken, broken, state("COMPLETED", 31)}
    assert.equal("COMPLETED", client:wait_for_backfill(12345, 67890).status)
  end)

  it("does not survive failures that stay", function()
    for status, kind in pairs{[404] = "not_found", [403] = "forbidden", [401] = "unauthorized"} do
      server:script{state("RUNNING"), answers.error(status, "A")}
      local _, err = client:wait_for_backfill(12345, 67890)
      assert.equal(kind, err.kind)
      assert.equal(2, #server:requests())
    end
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR")}
    assert.equal("server_error", select(2, client:wait_for_backfill(12345, 67890)).kind)
  end)

  it("is unharmed by a callback that raises", function()
    server:script{state("COMPLETED", 31)}
    local ok, message = pcall(client.wait_for_backfill, client, 12345, 67890, {on_progress = function()
      error("the callback is broken", 0)
    end})
    assert.is_false(ok)
    assert.equal("the callback is broken", message)
    assert.equal(0, client.core:in_flight())
    assert.truthy(client:wait_for_backfill(12345, 67890))
  end)

  it("refuses wrong arguments before anything is sent", function()
    server:script{state("COMPLETED")}
    for _, row in ipairs{
      {{0, 1}, "get_backfill: team_id must be"}, {{1, "x"}, "get_backfill: backfill_id must be"},
      {{1, 2, {timeout = 0}}, "wait_for_backfill: option 'timeout' must be a number of seconds"},
      {{1, 2, {on_progress = 1}}, "wait_for_backfill: option 'on_progress' must be a function, got 1"},
      {{1, 2, {onprogress = print}}, 'wait_for_backfill: there is no option "onprogress"; there are deadline, '},
    } do
      local ok, message = pcall(client.wait_for_backfill, client, row[1][1], row[1][2], row[1][3])
      assert.is_false(ok)
      assert.truthy(message:find(row[2], 1, true), message)
    end
    assert.equal(0, #server:requests())
  end)
end)
