-- luv, the loop of libuv: two backfills are read side by side while a timer ticks.
-- Runs on Lua 5.1 to 5.4 and LuaJIT; Debian: lua-luv. The key comes from SUPERMETRICS_API_KEY.

local uv = require "luv"

-- luv has callbacks and no sleep of its own: this is all that it takes.
local function sleep(seconds)
  local thread, timer = coroutine.running(), uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    assert(coroutine.resume(thread))
  end)
  coroutine.yield()
end

local client = require("supermetrics").new{sleep = sleep}

local function read(backfill_id)
  local backfill, err = client:get_backfill(12345, backfill_id)
  print(backfill or err)
end

coroutine.wrap(read)(1003)
coroutine.wrap(read)(1004)
local ticker = uv.new_timer()
ticker:start(0, 1, function() print("tick") end)
ticker:unref() -- the loop ends without it
uv.run()
