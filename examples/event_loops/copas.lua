-- copas: two backfills are read side by side while another thread ticks. The key comes from SUPERMETRICS_API_KEY.
--
-- Debian 12: lua-copas, for Lua 5.1, 5.2 and LuaJIT only. Its version is 1.2.0 and it holds copas 1.1.7, which has
-- neither a sleep nor a loop that ends. Later copas has both: take copas.pause (4) or copas.sleep (2 and 3).

local copas = require "copas"
local sleep, loop = copas.pause or copas.sleep, copas.loop

if not sleep then
  local socket = require "socket"
  local sleepers = {}
  function sleep(seconds)
    sleepers[coroutine.running()] = socket.gettime() + seconds
    coroutine.yield()
  end
  function loop()
    while next(sleepers) do
      local first = math.huge
      for _, moment in pairs(sleepers) do
        first = math.min(first, moment)
      end
      copas.step(math.max(first - socket.gettime(), 0))
      local due = {}
      for thread, moment in pairs(sleepers) do
        due[#due + 1] = moment <= socket.gettime() and thread or nil
      end
      for _, thread in ipairs(due) do
        sleepers[thread] = nil
        copas.addthread(thread)
      end
    end
  end
end

local client = require("supermetrics").new{sleep = sleep}
local reading = 0

local function read(backfill_id)
  reading = reading + 1
  local backfill, err = client:get_backfill(12345, backfill_id)
  print(backfill or err)
  reading = reading - 1
end

copas.addthread(function() read(1003) end)
copas.addthread(function() read(1004) end)
copas.addthread(function()
  while reading > 0 do
    print("tick")
    sleep(0.001)
  end
end)
loop()
