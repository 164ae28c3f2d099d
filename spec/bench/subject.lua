-- The subject: as the floor, by the public function. subject.lua <count>

local supermetrics = require "supermetrics"

for id = 1000001, 1000000 + tonumber(arg[1]) do
  assert(supermetrics.cancel_backfill(12345, id))
end
