--- A clock for specs that does not sit out waits: where nothing is in flight, it jumps to the end of the wait.

local core = require "supermetrics.core"
local waiter = require "supermetrics.waiter"

local skipping_clockwork = {}

--- A clockwork for client.new. Its field `skipped` counts the seconds that were not waited for; `random` is what every
-- backoff is multiplied by.
function skipping_clockwork.new()
  local clockwork = {skipped = 0, factor = 1}
  function clockwork.now()
    return core.now() + clockwork.skipped
  end
  function clockwork.random()
    return clockwork.factor
  end
  function clockwork.waiter(now, connection)
    return waiter.new(now, function(seconds)
      if connection:in_flight() > 0 then
        connection:poll(seconds)
      else
        clockwork.skipped = clockwork.skipped + seconds
      end
    end)
  end
  return clockwork
end

return skipping_clockwork
