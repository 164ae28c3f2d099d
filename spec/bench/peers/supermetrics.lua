-- The subject: supermetrics.lua <count>

local supermetrics = require "supermetrics"

local client = supermetrics.new{ca_file = os.getenv "BENCH_CA_FILE"}
for id = 1000001, 1000000 + tonumber(arg[1]) do
  local backfill = assert(client:cancel_backfill(12345, id))
  assert(backfill.status == "CANCELLED" and backfill.transfer_backfill_id == id)
end
