-- luv, the loop of libuv: two backfills are read side by side while a timer ticks.
-- Runs on Lua 5.1 to 5.4 and LuaJIT; Debian: lua-luv. The key comes from SUPERMETRICS_API_KEY.

local uv = require "luv"
local client = require("supermetrics").new{sleep = require "supermetrics.sleep.luv"}

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
