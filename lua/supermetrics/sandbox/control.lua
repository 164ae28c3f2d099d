--- The sandbox's own endpoints, outside /v1 and open to all: what a spec or a rehearsal asks of the sandbox itself.
-- Rows like those of supermetrics.sandbox.routes; they answer with the bare value, without an envelope.

local refusals = require "supermetrics.sandbox.refusals"
local wire = require "supermetrics.sandbox.wire"

-- A month, for a mistyped number not to keep the sandbox busy for minutes.
local LONGEST_ADVANCE = 31 * 24 * 60 * 60

local function statistics(service)
  return service:statistics()
end

local function reset(service)
  service:reset()
  return service:statistics()
end

local function advance(service, request)
  local fields = wire.decode_object(request.body)
  if not fields then
    return nil, refusals.new("body_not_json")
  end
  local seconds = fields.seconds
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= LONGEST_ADVANCE) then
    return nil, refusals.new("seconds_invalid", tostring(LONGEST_ADVANCE))
  end
  service.state:advance(seconds)
  return {time = service.state:timestamp()}
end

return {
  {method = "GET", path = "/sandbox/statistics", handler = statistics},
  {method = "POST", path = "/sandbox/reset", handler = reset},
  {method = "POST", path = "/sandbox/advance", handler = advance},
}
