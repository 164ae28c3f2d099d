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

return {
  {operation = "get_backfill", method = "GET", path = BACKFILL,
    scope = "dwh_transfers_read", permission = "dwh.transfer.view",
    handler = get_backfill, encode = wire.backfill},
  {operation = "cancel_backfill", method = "PATCH", path = BACKFILL,
    scope = "dwh_transfers_write", permission = "dwh.transfer.edit",
    handler = cancel_backfill, encode = wire.backfill},
}
