-- cqueues: two backfills are read side by side while the loop does something else.
-- Runs on Lua 5.1 to 5.4 and LuaJIT; Debian: lua-cqueues. The key comes from SUPERMETRICS_API_KEY.

local cqueues = require "cqueues"
local client = require("supermetrics").new{sleep = cqueues.sleep}
local loop = cqueues.new()

local function read(backfill_id)
  local backfill, err = client:get_backfill(12345, backfill_id)
  print(backfill or err)
end

loop:wrap(read, 1003):wrap(read, 1004)
loop:wrap(function()
  repeat
    print("tick")
    cqueues.sleep(0.001)
  until loop:count() == 1
end)
assert(loop:loop())
