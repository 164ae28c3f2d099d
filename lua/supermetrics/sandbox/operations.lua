--- The endpoints of the API: one row each.
--
--   operation           the name in the statistics, that of the client's function
--   method, path        {name} stands for one part of the path; one whose name ends in _id must be an integer
--   scope, permission   what the key and its user need
--   encode              how `wire` writes what the handler returns
--   handler             given the service and the request (`parameters` of the path, `body`, `key`), returns a value,
--                       or nil and a refusal

local refusals = require "supermetrics.sandbox.refusals"
local wire = require "supermetrics.sandbox.wire"

local BACKFILL = "/v1/teams/{team_id}/backfills/{backfill_id}"

local LIST = "/v1/teams/{team_id}/backfills"
local OF_TRANSFER = "/v1/teams/{team_id}/transfers/{transfer_id}/backfills"

local function get_backfill(service, request)
  return service.state:get_backfill(request.parameters.team_id, request.parameters.backfill_id)
end

local function cancel_backfill(service, request)
  local fields = wire.decode_object(request.body)
  if not fields then
    return nil, refusals.new("body_not_json")
  elseif fields.status == nil then
    return nil, refusals.new("status_missing")
  elseif fields.status ~= "CANCELLED" then
    return nil, refusals.new("status_unsupported")
  end
  local parameters = request.parameters
  return service.state:cancel_backfill(parameters.team_id, parameters.backfill_id, request.key.user_id)
end

local function list_incomplete_backfills(service, request)
  return service.state:list_incomplete_backfills(request.parameters.team_id)
end

local function get_latest_backfill(service, request)
  return service.state:get_latest_backfill(request.parameters.team_id, request.parameters.transfer_id)
end

local function create_backfill(service, request)
  local fields = wire.decode_object(request.body)
  if not fields then
    return nil, refusals.new("body_not_json")
  end
  for _, name in ipairs {"range_start", "range_end"} do
    if type(fields[name]) ~= "string" then
      return nil, refusals.new("date_invalid", name)
    end
  end
  local parameters = request.parameters
  return service.state:create_backfill(
    parameters.team_id, parameters.transfer_id, fields.range_start, fields.range_end, request.key.user_id)
end

return {
  {operation = "get_backfill", method = "GET", path = BACKFILL,
    scope = "dwh_transfers_read", permission = "dwh.transfer.view",
    handler = get_backfill, encode = wire.backfill},
  {operation = "cancel_backfill", method = "PATCH", path = BACKFILL,
    scope = "dwh_transfers_write", permission = "dwh.transfer.edit",
    handler = cancel_backfill, encode = wire.backfill},
  {operation = "list_incomplete_backfills", method = "GET", path = LIST,
    scope = "dwh_transfers_read", permission = "dwh.transfer.view",
    handler = list_incomplete_backfills, encode = wire.backfills},
  {operation = "get_latest_backfill", method = "GET", path = OF_TRANSFER .. "/latest",
    scope = "dwh_transfers_read", permission = "dwh.transfer.view",
    handler = get_latest_backfill, encode = wire.backfill},
  {operation = "create_backfill", method = "POST", path = OF_TRANSFER,
    scope = "dwh_transfers_write", permission = "dwh.transfer.edit",
    handler = create_backfill, encode = wire.backfill},
}
