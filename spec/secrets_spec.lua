local client_module = require "supermetrics.client"
local sandbox = require "spec.support.sandbox"
local skipping_clockwork = require "spec.support.skipping_clockwork"
require "supermetrics"

-- One run of everything that a client can do and meet, and all that a program or a log could see of it.
describe("the key", function()
  it("is in no value, error, message, hook, dump or log of a whole run", function()
    local service = sandbox.start{log = true}
    local seen = {}
    local function note(...)
      for index = 1, select("#", ...) do
        seen[#seen + 1] = (select(index, ...))
      end
    end

    local client = client_module.new({
      api_key = service.api_key,
      base_url = service.base_url,
      timeout = 1,
      headers = {["X-Job"] = "secrets"},
      on_attempt = note,
    }, skipping_clockwork.new())
    note(client, tostring(client), tostring(client.core))

    local function run_all()
      note(client:get_backfill(12345, 1003))
      note(client:get_backfill(12345, 999))
      note(client:get_latest_backfill(12345, 502))
      note(client:list_incomplete_backfills(12345))
      note(client:create_backfill(12345, 504, "2024-06-01", "2024-06-02"))
      note(client:cancel_backfill(12345, 1003))
      note(client:ensure_backfill_cancelled(12345, 1005))
      note(client:cancel_backfills(12345, {1001, 1007, 999}, {on_result = note}))
      note(client:cancel_incomplete_backfills(12345, {dry_run = true}))
      note(client:wait_for_backfill(12345, 1005, {on_progress = note, timeout = 5}))
      note(client:request("GET", "/teams/12345/backfills/1003"))
    end
    run_all()
    note(client:get_backfill(12345, 1003, {token = "otok_of_one_call"}))
    for _, fault in ipairs{{status = 500}, {status = 401}, {status = 429, retry_after = 1}, {garbage = true},
      {truncate = 20}, {drop = "before"}, {drop = "after"}, {text = "Bearer " .. service.api_key}} do
      fault.operation = "*"
      service:reset()
      service:faults{fault}
      run_all()
    end
    for _, misuse in ipairs{
      function() client:cancel_backfill(0, 1) end,
      function() client:cancel_backfill(1, 1, {timeout = -1}) end,
      function() client_module.new{api_key = service.api_key, tiemout = 1} end,
      function() client_module.new{api_key = service.api_key .. "\n"} end,
      function() client_module.new(service.api_key) end,
      function() client_module.new{api_key = service.api_key, base_url = "http://example.com/"} end,
    } do
      note(select(2, pcall(misuse)))
    end
    client:close()
    note(client, tostring(client))
    local _, log = service:stop()
    note((log:gsub("^.-\n#\n", "", 1):gsub("# [^\n]*", ""))) -- what the sandbox prints at start names its keys

    local searched, visited = 0, {}
    local function search(value)
      if type(value) == "table" and not visited[value] then
        visited[value] = true
        for name, inner in pairs(value) do
          search(name)
          search(inner)
        end
        search(tostring(value))
      elseif type(value) == "string" then
        searched = searched + 1
        for _, secret in ipairs{service.api_key, "otok_of_one_call"} do
          assert.is_nil(value:find(secret, 1, true), value)
        end
      end
    end
    for index = 1, #seen do
      search(seen[index])
    end
    assert.truthy(searched > 2000, searched)
    assert.truthy(#log > 5000)
  end)
end)
