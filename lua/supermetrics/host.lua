--- What the host offers for waiting. Only OpenResty is found by itself: in any other host, pass the option `sleep`.

local misuse = require "supermetrics.misuse"

local host = {}

-- The phases in which ngx.sleep may yield.
-- https://github.com/openresty/lua-nginx-module#ngxsleep
local YIELDING = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true, preread = true, ssl_cert = true,
  ssl_session_fetch = true, ssl_client_hello = true,
}

local ADVICE = "start the call with ngx.timer.at(0, function() ... end), or make it in the rewrite, access or content "
  .. "phase"
-- There are no timers before the workers are.
local ADVICE_FOR_INIT = "in init_worker_by_lua, start the call with ngx.timer.at(0, function() ... end)"

-- It is there before any Lua of the user's is.
local ngx = rawget(_G, "ngx")
local is_openresty = type(ngx) == "table" and ngx.get_phase ~= nil and ngx.sleep ~= nil

--- Whether a wait blocks, in every phase there is.
host.blocks = not is_openresty

--- The function by which a wait yields to the host; nil where there is no such host. Raises in a phase of OpenResty
-- that cannot yield: a wait there would stop every request of the worker.
function host.sleep()
  if not is_openresty then
    return nil
  end
  local phase = ngx.get_phase()
  if not YIELDING[phase] then
    misuse.raise(("supermetrics: the phase %s of OpenResty cannot wait for an answer: %s"):format(phase,
      phase == "init" and ADVICE_FOR_INIT or ADVICE))
  end
  return ngx.sleep
end

return host
