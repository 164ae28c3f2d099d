-- luacheck: globals ngx
-- POST /webhook: a service that watches transfers says {"team_id": 12345, "backfill_id": "1003"}, and the backfill is
-- cancelled. The header X-Webhook-Secret must be the variable WEBHOOK_SECRET. See nginx.conf.
--
-- Ids may be strings: lua-cjson reads a number from 2^53 on as another one, which the client refuses.

local cjson = require "cjson"
local supermetrics = require "supermetrics"

local function answer(status, text)
  ngx.status = status
  ngx.say(cjson.encode{message = text})
  return ngx.exit(status)
end

if ngx.req.get_method() ~= "POST" then
  ngx.header["Allow"] = "POST"
  return answer(405, "this takes POST only")
end
local secret = os.getenv("WEBHOOK_SECRET")
-- Hashes of both are compared, so that the time it takes tells nothing of the secret.
if not secret or ngx.sha1_bin(ngx.req.get_headers()["X-Webhook-Secret"] or "") ~= ngx.sha1_bin(secret) then
  return answer(403, "the header X-Webhook-Secret is missing or wrong")
end

ngx.req.read_body()
local ok, event = pcall(cjson.decode, ngx.req.get_body_data())
if not ok or type(event) ~= "table" then
  return answer(400, "the body must be a JSON object with team_id and backfill_id")
end
-- A wrong id raises before anything is sent, and that is the sender's mistake. LuaJIT can wait inside a pcall.
local is_valid, backfill, err = pcall(supermetrics.cancel_backfill, event.team_id, event.backfill_id, {deadline = 20})
if not is_valid then
  return answer(400, tostring(backfill))
elseif backfill then
  return answer(200, tostring(backfill))
end
-- 5xx makes the sender call again. That is right where the same call may succeed later, and cancelling twice does no
-- harm; where the backfill has ended, or never was, there is nothing left to do.
answer((err:is_temporary() or err.outcome == "unknown") and 503 or 200, tostring(err))
