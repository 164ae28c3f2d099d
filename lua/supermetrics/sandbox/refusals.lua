--- Every way in which the sandbox says no: one row, one answer.

local refusals = {}

local Refusal = {__name = "supermetrics.sandbox.refusal"}
Refusal.__index = Refusal

function Refusal:__tostring()
  return ("%d %s: %s"):format(self.status, self.code, self.description)
end

-- name = {HTTP status, code, message, description}; %s in a description is filled in by whoever refuses.
local ROWS = {
  body_not_json = {400, "BAD_REQUEST", "Bad request", "The request body is not a JSON object."},
  body_too_long = {400, "BAD_REQUEST", "Bad request", "The request body is longer than this API ever needs."},
  count_invalid = {400, "INVALID_PARAMETER", "Invalid parameter", "count must be a whole number from 1 to %s."},
  date_invalid = {400, "INVALID_PARAMETER", "Invalid parameter", "%s must be a date of the calendar, as YYYY-MM-DD."},
  fault_invalid = {400, "INVALID_PARAMETER", "Invalid parameter", "%s"},
  field_unknown = {400, "INVALID_PARAMETER", "Invalid parameter", "There is no field %s here."},
  identifier_invalid = {400, "INVALID_PARAMETER", "Invalid parameter",
    "%s must be an integer from 1 to 9223372036854775807."},
  range_reversed = {400, "INVALID_PARAMETER", "Invalid parameter", "range_start must not be after range_end."},
  request_malformed = {400, "BAD_REQUEST", "Bad request", "The request is not valid HTTP."},
  seconds_invalid = {400, "INVALID_PARAMETER", "Invalid parameter", "seconds must be a number from 0 to %s."},
  sample_status_unknown = {400, "INVALID_PARAMETER", "Invalid parameter", "status must be one of %s."},
  status_missing = {400, "INVALID_PARAMETER", "Invalid parameter", "The field status is missing."},
  status_unsupported = {400, "INVALID_PARAMETER", "Invalid parameter", "A status can be set to CANCELLED only."},

  credential_missing = {401, "UNAUTHORIZED", "Authentication required",
    "Send an API key or an access token as Authorization: Bearer."},
  key_unknown = {401, "API_KEY_INVALID", "Invalid API key", "No API key like this one exists."},
  token_unknown = {401, "ACCESS_TOKEN_INVALID", "Invalid access token", "No access token like this one exists."},
  key_expired = {401, "API_KEY_EXPIRED", "Expired API key", "The API key has expired."},
  token_expired = {401, "ACCESS_TOKEN_EXPIRED", "Expired access token", "The access token has expired."},

  scope_missing = {403, "ACCESS_DENIED", "Access denied", "This needs the scope %s, which the key does not have."},
  permission_missing = {403, "ACCESS_DENIED", "Access denied", "This needs the permission %s, which the user lacks."},
  team_denied = {403, "ACCESS_DENIED", "Access denied", "The key does not belong to this team."},

  route_unknown = {404, "NOT_FOUND", "Not found", "Nothing is served at this path."},
  backfill_unknown = {404, "NOT_FOUND", "Not found", "The team has no backfill with this id."},
  transfer_unknown = {404, "NOT_FOUND", "Not found", "The team has no transfer with this id."},
  transfer_without_backfill = {404, "NOT_FOUND", "Not found", "The transfer has never had a backfill."},

  method_unknown = {405, "METHOD_NOT_ALLOWED", "Method not allowed", "This path can be asked for with %s."},
  backfill_final = {422, "UNPROCESSABLE_ENTITY", "Unprocessable entity",
    "The backfill is %s already: its status is final."},
  range_taken = {422, "UNPROCESSABLE_ENTITY", "Unprocessable entity",
    "The range overlaps with that of the active backfill %s."},
  range_too_long = {422, "UNPROCESSABLE_ENTITY", "Unprocessable entity", "The sandbox takes ranges of up to %s days."},

  rate_limited = {429, "TOO_MANY_REQUESTS", "Too many requests", "The key has used up its requests of this hour."},
  quota_used_up = {429, "API_ROW_QUOTA_EXCEEDED", "Row quota exceeded", "The team has used up its rows of this month."},

  service_failed = {500, "INTERNAL_SERVER_ERROR", "Internal server error", "The service failed. Try again later."},
}

--- Makes the answer of a row.
-- @param name string, a row above
-- @param detail string for the %s of its description, where it has one
-- @return table with `status`, `code`, `message`, `description`; raises for a name without a row
function refusals.new(name, detail)
  local row = ROWS[name] or error("no refusal is called " .. tostring(name), 2)
  return setmetatable({status = row[1], code = row[2], message = row[3], description = row[4]:format(detail)}, Refusal)
end

-- Codes of statuses that a fault asks for. Any other of 4xx is BAD_REQUEST, any else INTERNAL_SERVER_ERROR.
local CODES = {
  [401] = "UNAUTHORIZED",
  [403] = "FORBIDDEN",
  [404] = "NOT_FOUND",
  [405] = "METHOD_NOT_ALLOWED",
  [422] = "UNPROCESSABLE_ENTITY",
  [429] = "TOO_MANY_REQUESTS",
  [502] = "BAD_GATEWAY",
  [503] = "SERVICE_UNAVAILABLE",
  [504] = "GATEWAY_TIMEOUT",
}

--- Makes an answer for which the world gives no reason.
-- @param status number
-- @param code string, or nil for the usual one of the status
-- @return table like that of `new`
function refusals.of_status(status, code)
  local usual = CODES[status] or (status >= 400 and status < 500 and "BAD_REQUEST") or "INTERNAL_SERVER_ERROR"
  return setmetatable({
    status = status,
    code = code or usual,
    message = "Fault on demand",
    description = "The sandbox was told to answer so.",
  }, Refusal)
end

return refusals
