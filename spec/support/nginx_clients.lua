-- luacheck: read globals ngx
--- Runs inside nginx: one client that all requests of a worker share, as a user's own module would hold it.

local supermetrics = require "supermetrics"

local clients = {}

clients.shared = supermetrics.new { user_agent = "shared" }

--- Answers the request with what became of a call of the shared client.
-- @param method name of the client's method, then its arguments
function clients.say(method, ...)
  local backfill, err, response = clients.shared[method](clients.shared, ...)
  ngx.print(backfill and backfill.status or err.kind, " after ", response.attempts)
end

--- Answers the request with what became of a batch of four.
function clients.say_batch()
  local results = clients.shared:cancel_backfills(12345, { 67890, 67891, 67892, 67893 }, { max_attempts = 1 })
  ngx.print(("%d cancelled, %d failed"):format(results.cancelled, results.failed))
end

--- Answers the request with the number of calls in flight, once the collector has taken what nobody holds any more.
function clients.say_in_flight()
  -- Twice: what the first round finalizes is freed by the second.
  collectgarbage()
  collectgarbage()
  ngx.print(clients.shared.core:in_flight())
end

return clients
