--- The sandbox's own endpoints, outside /v1 and open to all: what a spec or a rehearsal asks of the sandbox itself.
-- Rows like those of supermetrics.sandbox.routes; they answer with the bare value, without an envelope.
--
--   GET    /sandbox/statistics   {"connections", "requests", "by_operation", "applied"}; see service:statistics
--   POST   /sandbox/reset        world, counters and faults as at the start; answers the statistics
--   POST   /sandbox/advance      {"seconds": 60} lets time pass: {"time": "2024-02-01T15:30:00Z"}
--   POST   /sandbox/backfills    {"team_id": 12345, "transfer_id": 501, "count": 250, "status": "RUNNING"} adds
--                                backfills: {"transfer_backfill_ids": [3001, …]}, in the order of their ids. `count` is
--                                1 and `status` CREATED where absent
--   POST   /sandbox/faults       [{"operation": "cancel_backfill", "requests": [1], "drop": "after"}, …] puts faults
--                                in force instead of those that were: {"faults": 1}. See supermetrics.sandbox.faults
--   DELETE /sandbox/faults       ends them: {"faults": 0}

local fault_reader = require "supermetrics.sandbox.fault_reader"
local identifier = require "supermetrics.sandbox.identifier"
local refusals = require "supermetrics.sandbox.refusals"
local sample = require "supermetrics.sandbox.sample"
local wire = require "supermetrics.sandbox.wire"

-- A month, for a mistyped number not to keep the sandbox busy for minutes.
local LONGEST_ADVANCE = 31 * 24 * 60 * 60

-- For the same reason.
local LARGEST_COUNT = 10000

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

local SAMPLE_FIELDS = {team_id = true, transfer_id = true, count = true, status = true}

local IS_STATUS = {}
for _, status in ipairs(sample.STATUSES) do
  IS_STATUS[status] = true
end

local function check_samples(fields)
  for name in pairs(fields) do
    if not SAMPLE_FIELDS[name] then
      return nil, refusals.new("field_unknown", tostring(name))
    end
  end
  for _, name in ipairs {"team_id", "transfer_id"} do
    if not identifier.of(fields[name]) then
      return nil, refusals.new("identifier_invalid", name)
    end
  end
  local count = fields.count == nil and 1 or fields.count
  if type(count) ~= "number" or not (count >= 1 and count <= LARGEST_COUNT and count % 1 == 0) then
    return nil, refusals.new("count_invalid", tostring(LARGEST_COUNT))
  elseif fields.status ~= nil and not IS_STATUS[fields.status] then
    return nil, refusals.new("sample_status_unknown", table.concat(sample.STATUSES, ", "))
  end
  return true
end

local function add_backfills(service, request)
  local fields = wire.decode_object(request.body)
  if not fields then
    return nil, refusals.new("body_not_json")
  end
  local ok, refusal = check_samples(fields)
  if not ok then
    return nil, refusal
  end
  local ids
  ids, refusal = service.state:add_backfills(
    identifier.of(fields.team_id), identifier.of(fields.transfer_id), fields.count or 1, fields.status or "CREATED")
  if not ids then
    return nil, refusal
  end
  return {transfer_backfill_ids = ids}
end

local function set_faults(service, request)
  local list = wire.decode_list(request.body)
  if not list then
    return nil, refusals.new("fault_invalid", "The request body is not a JSON list of faults.")
  end
  local faults, complaint = fault_reader.read(list)
  if not faults then
    return nil, refusals.new("fault_invalid", complaint)
  end
  service:set_faults(faults)
  return {faults = #faults}
end

local function remove_faults(service)
  service:set_faults {}
  return {faults = 0}
end

return {
  {method = "GET", path = "/sandbox/statistics", handler = statistics},
  {method = "POST", path = "/sandbox/reset", handler = reset},
  {method = "POST", path = "/sandbox/advance", handler = advance},
  {method = "POST", path = "/sandbox/backfills", handler = add_backfills, encode = wire.backfill_ids},
  {method = "POST", path = "/sandbox/faults", handler = set_faults},
  {method = "DELETE", path = "/sandbox/faults", handler = remove_faults},
}
