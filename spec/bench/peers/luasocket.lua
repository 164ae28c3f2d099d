-- luasocket, and LuaSec for https. Their request function opens a connection for every request: luasocket.lua <count>

local cjson = require "cjson"
local ltn12 = require "ltn12"

local base_url = os.getenv "SUPERMETRICS_BASE_URL"
local http = require(base_url:match "^https:" and "ssl.https" or "socket.http")
local body = '{"status":"CANCELLED"}'
for id = 1000001, 1000000 + tonumber(arg[1]) do
  local pieces = {}
  local _, status = http.request{
    method = "PATCH",
    url = base_url .. "/teams/12345/backfills/" .. id,
    headers = {
      ["Authorization"] = "Bearer " .. os.getenv "SUPERMETRICS_API_KEY",
      ["Content-Type"] = "application/json",
      ["Content-Length"] = #body,
      ["Accept"] = "application/json",
    },
    source = ltn12.source.string(body),
    sink = ltn12.sink.table(pieces),
    verify = "peer",
    cafile = os.getenv "BENCH_CA_FILE",
  }
  assert(status == 200, status)
  local backfill = cjson.decode(table.concat(pieces)).data
  assert(backfill.status == "CANCELLED" and backfill.transfer_backfill_id == id)
end
