-- A frame loop, as in a game, without any library: every call is a coroutine that goes on once a frame.
-- The key comes from SUPERMETRICS_API_KEY.

local supermetrics = require "supermetrics"

local client = supermetrics.new{sleep = coroutine.yield}
local threads = {}

local function read(backfill_id)
  threads[#threads + 1] = coroutine.create(function()
    local backfill, err = client:get_backfill(12345, backfill_id)
    print(backfill or err)
  end)
end

read(1003)
read(1004)

local frame = 0
while #threads > 0 do
  frame = frame + 1
  print("frame " .. frame)
  for index = #threads, 1, -1 do
    assert(coroutine.resume(threads[index]))
    if coroutine.status(threads[index]) == "dead" then
      table.remove(threads, index)
    end
  end
  os.execute("sleep 0.016") -- a game draws here, and waits for the display
end
