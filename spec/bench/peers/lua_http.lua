-- lua-http. Its request:go opens a connection for every request, so this holds one itself: lua_http.lua <count>

local cjson = require "cjson"
local http_client = require "http.client"
local http_headers = require "http.headers"
local http_tls = require "http.tls"

local scheme, host, port = os.getenv "SUPERMETRICS_BASE_URL":match "^(%w+)://([^:/]+):(%d+)/v1$"
local options = {host = host, port = tonumber(port), tls = scheme == "https"}
if options.tls then
  options.ctx = http_tls.new_client_context()
  options.ctx:getStore():add(os.getenv "BENCH_CA_FILE")
end
local connection = assert(http_client.connect(options))
for id = 1000001, 1000000 + tonumber(arg[1]) do
  local headers = http_headers.new()
  headers:append(":method", "PATCH")
  headers:append(":scheme", scheme)
  headers:append(":authority", host .. ":" .. port)
  headers:append(":path", ("/v1/teams/12345/backfills/%d"):format(id))
  headers:append("authorization", "Bearer " .. os.getenv "SUPERMETRICS_API_KEY")
  headers:append("content-type", "application/json")
  headers:append("content-length", "22")
  headers:append("accept", "application/json")
  local stream = assert(connection:new_stream())
  assert(stream:write_headers(headers, false))
  assert(stream:write_chunk('{"status":"CANCELLED"}', true))
  local answer = assert(stream:get_headers())
  assert(answer:get ":status" == "200")
  local backfill = cjson.decode(assert(stream:get_body_as_string())).data
  assert(backfill.status == "CANCELLED" and backfill.transfer_backfill_id == id)
end
