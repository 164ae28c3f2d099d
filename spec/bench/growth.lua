--- The subject of measures/growth.lua: growth.lua <cancels in one call> <cancels in all> [<cancels to a collection>]
-- Prints for each cancel the microseconds of the processor and the bytes that the process grew by. With the last
-- argument the collector also runs whole after every so many results, wherever in a call that is.

local resident = require "spec.bench.resident"
local supermetrics = require "supermetrics"

local size, total, collect_after = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local client = supermetrics.new()

local options, count_of_results = nil, 0
if collect_after then
  options = {on_result = function()
    count_of_results = count_of_results + 1
    if count_of_results % collect_after == 0 then
      collectgarbage()
    end
  end}
end

local function cancel(count)
  local ids = {}
  for index = 1, count do
    ids[index] = 1000000 + index
  end
  local results = client:cancel_backfills(12345, ids, options)
  assert(results.cancelled == count and results.failed == 0)
  return results
end

cancel(100)
collectgarbage()
local before = resident()
local held = {}
local began = os.clock()
for index = 1, total / size do
  held[index] = cancel(size)
end
local spent = os.clock() - began
collectgarbage()
collectgarbage()
io.write(("%.3f %.1f\n"):format(spent / total * 1e6, (resident() - before) * 1024 / total))
assert(#held == total / size)
