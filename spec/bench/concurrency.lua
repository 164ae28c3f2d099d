--- The subject of measures/concurrency.lua: concurrency.lua <count> <how many at once>
-- Prints the seconds of one call, and the KiB of each call in flight.

local core = require "supermetrics.core"
local resident = require "spec.bench.resident"
local supermetrics = require "supermetrics"

local count, at_once = tonumber(arg[1]), tonumber(arg[2])

local function ids(first, last)
  local list = {}
  for id = first, last do
    list[#list + 1] = id
  end
  return list
end

local function cancel_all(client, list, on_result)
  local results = client:cancel_backfills(12345, list, {concurrency = at_once, on_result = on_result})
  assert(results.cancelled == #list and results.failed == 0)
end

local client = supermetrics.new{ca_file = os.getenv "BENCH_CA_FILE"}
assert(client:cancel_backfill(12345, 1000000))

collectgarbage()
local before, during = resident(), nil
cancel_all(client, ids(1000001, 1000000 + at_once), function()
  during = during or resident()
end)

local list = ids(2000001, 2000000 + count)
local began = core.now()
cancel_all(client, list)
io.write(("%.3f %.2f\n"):format(core.now() - began, (during - before) / at_once))
