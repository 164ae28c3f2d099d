--- The option `sleep` for programs on luv: `supermetrics.new{sleep = require "supermetrics.sleep.luv"}`
---
--- luv has callbacks and no sleep of its own. This one leaves a timer that resumes the coroutine which called it; what
--- that coroutine raises afterwards is raised out of `uv.run()`.

local uv = require "luv"

--- Lets luv's loop run for so long.
---
---@param seconds number luv counts in whole milliseconds, so that much is rounded up
return function(seconds)
  local thread, timer = coroutine.running(), uv.new_timer()
  uv.update_time() -- timers count from the loop's own idea of now, which is from before this callback ran
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    local ok, problem = coroutine.resume(thread)
    if not ok then
      error(problem, 0)
    end
  end)
  coroutine.yield()
end
