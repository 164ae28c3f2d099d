-- Debian's lua-curl, which has libcurl's easy interface, without its getinfo: lua_curl.lua <count>

local cjson = require "cjson"
local curl = require "curl"

local base_url = os.getenv "SUPERMETRICS_BASE_URL"
local pieces
local easy = curl.easy_init()
easy:setopt(curl.OPT_CUSTOMREQUEST, "PATCH")
easy:setopt(curl.OPT_HTTPHEADER, {"Authorization: Bearer " .. os.getenv "SUPERMETRICS_API_KEY",
  "Content-Type: application/json", "Accept: application/json"})
easy:setopt(curl.OPT_POSTFIELDS, '{"status":"CANCELLED"}')
easy:setopt(curl.OPT_FAILONERROR, 1)
easy:setopt(curl.OPT_WRITEFUNCTION, function(piece)
  pieces[#pieces + 1] = piece
  return #piece
end)
if os.getenv "BENCH_CA_FILE" then
  easy:setopt(curl.OPT_CAINFO, os.getenv "BENCH_CA_FILE")
end
for id = 1000001, 1000000 + tonumber(arg[1]) do
  pieces = {}
  easy:setopt(curl.OPT_URL, base_url .. "/teams/12345/backfills/" .. id)
  assert(easy:perform())
  local backfill = cjson.decode(table.concat(pieces)).data
  assert(backfill.status == "CANCELLED" and backfill.transfer_backfill_id == id)
end
