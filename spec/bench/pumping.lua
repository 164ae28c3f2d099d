--- The subject of measures/pumping.lua: pumping.lua <milliseconds> <count>
-- Makes calls that the server answers after so long and up to a fifth more, so that an answer may come at any moment
-- between two looks; prints how long the server took, and what the call took longer, of a client
-- that blocks and of one that does not.

local core = require "supermetrics.core"
local cqueues = require "cqueues"
local supermetrics = require "supermetrics"

local milliseconds, count = tonumber(arg[1]), tonumber(arg[2])

-- What a call took longer than the server, in milliseconds.
local function added(client, wait)
  local began = core.now()
  assert(client:cancel_backfill(12345, 1000000 + wait))
  return (core.now() - began) * 1000 - wait
end

local clients = {
  {name = "blocking", client = supermetrics.new()},
  {name = "cooperative", client = supermetrics.new{sleep = cqueues.sleep}},
}

local loop = cqueues.new()
loop:wrap(function()
  for _, entry in ipairs(clients) do
    added(entry.client, 1)
  end
  for index = 1, count do
    local wait = milliseconds + math.floor(milliseconds * 0.2 * (index - 1) / count)
    for _, entry in ipairs(clients) do
      io.write(("%s %d %.3f\n"):format(entry.name, wait, added(entry.client, wait)))
    end
  end
end)
assert(loop:loop())
