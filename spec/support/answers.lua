--- Answers of the API as bytes, for scripted servers.

local scripted_server = require "spec.support.scripted_server"

local answers = {}

-- The fields of a backfill, each as the JSON text of its value.
local FIELDS = {
  {"transfer_backfill_id", "67890"},
  {"transfer_id", "456789"},
  {"range_start_date", '"2024-01-01"'},
  {"range_end_date", '"2024-01-31"'},
  {"created_time", '"2024-02-01T09:00:00Z"'},
  {"created_user_id", "789"},
  {"start_time", '"2024-02-01T10:00:00Z"'},
  {"end_time", '"2024-02-01T15:30:00Z"'},
  {"removed_time", '"2024-02-01T15:30:00Z"'},
  {"removed_user_id", "790"},
  {"status", '"CANCELLED"'},
  {"transfer_runs_total", "31"},
  {"transfer_runs_created", "31"},
  {"transfer_runs_completed", "25"},
  {"transfer_runs_failed", "2"},
  {"error_report", "[]"},
}

--- The JSON of a backfill, 67890 and CANCELLED unless said otherwise.
-- @param changes table or nil: JSON texts by field name; false leaves a field out; unknown names are added
function answers.backfill_json(changes)
  local left = {}
  for name, text in pairs(changes or {}) do
    left[name] = text
  end
  local members = {}
  for _, field in ipairs(FIELDS) do
    local name, text = field[1], field[2]
    if left[name] ~= nil then
      text = left[name]
      left[name] = nil
    end
    if text then
      members[#members + 1] = ('"%s":%s'):format(name, text)
    end
  end
  for name, text in pairs(left) do
    members[#members + 1] = ('"%s":%s'):format(name, text)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

--- Bytes of an answer with a JSON body.
function answers.json(status, body, headers)
  local all = {["Content-Type"] = "application/json"}
  for name, value in pairs(headers or {}) do
    all[name] = value
  end
  return scripted_server.response{status = status, headers = all, body = body}
end

--- Bytes of a 200 whose data is a backfill.
function answers.backfill(changes)
  return answers.json(200, '{"meta":{"request_id":"request-1"},"data":' .. answers.backfill_json(changes) .. "}")
end

--- Bytes of an error envelope.
function answers.error(status, code, headers)
  return answers.json(status, ('{"meta":{"request_id":"request-2"},"error":{"code":"%s","message":"The message",'
    .. '"description":"The description."}}'):format(code), headers)
end

return answers
