-- luacheck: globals ngx
-- POST /cancel/TEAM/ID: cancels a backfill and answers JSON. See nginx.conf. No other request of the worker waits.

local cjson = require "cjson"
local supermetrics = require "supermetrics"

-- What the caller is told where the service said it of the backfill. Any other refusal is between us and the service.
local STATUS = {not_found = 404, unprocessable = 409, rate_limited = 503, timeout = 504}

local function answer(status, body)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(cjson.encode(body))
end

if ngx.req.get_method() ~= "POST" then
  ngx.header["Allow"] = "POST"
  return ngx.exit(405)
end

local team_id, backfill_id = ngx.var[1], ngx.var[2]
local backfill, err = supermetrics.cancel_backfill(team_id, backfill_id, {deadline = 20})
if backfill then
  local _, ended, total = backfill:progress()
  return answer(200, {backfill_id = backfill_id, status = backfill.status, runs_ended = ended, runs_total = total})
end

ngx.header["Retry-After"] = err.retry_after
answer(STATUS[err.kind] or 502, {
  backfill_id = backfill_id,
  error = err.kind,
  message = tostring(err),
  outcome = err.outcome,
  status = err.backfill and err.backfill.status,
})
