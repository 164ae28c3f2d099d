--- The JSON of the sandbox: one row for each field, with its type.
--
-- lua-cjson 2.1.0 writes every number as a double with 14 digits, which turns 9007199254740993 into 9.007199254741e+15.
-- Values are encoded by cjson, one at a time; only the integers, and the known objects around the values, are put
-- together here.

local cjson = require("cjson").new()

local wire = {}

local function text(value)
  return cjson.encode(tostring(value))
end

local function integer(value)
  if type(value) == "number" then
    return ("%d"):format(value)
  end
  assert(value:find("^%d+$"), "not an integer")
  return value
end

local function nullable(encode)
  return function(value)
    return value == nil and "null" or encode(value)
  end
end

local function object_of(fields)
  return function(value)
    local members = {}
    for index, field in ipairs(fields) do
      local name, encode = field[1], field[2]
      members[index] = ('"%s":%s'):format(name, encode(value[name]))
    end
    return "{" .. table.concat(members, ",") .. "}"
  end
end

local function list_of(encode)
  return function(values)
    local elements = {}
    for index, value in ipairs(values) do
      elements[index] = encode(value)
    end
    return "[" .. table.concat(elements, ",") .. "]"
  end
end

--- Encodes a backfill as state shows it.
wire.backfill = object_of {
  {"transfer_backfill_id", integer},
  {"transfer_id", integer},
  {"range_start_date", text},
  {"range_end_date", text},
  {"created_time", text},
  {"created_user_id", integer},
  {"removed_time", nullable(text)},
  {"removed_user_id", nullable(integer)},
  {"start_time", nullable(text)},
  {"end_time", nullable(text)},
  {"status", text},
  {"transfer_runs_total", integer},
  {"transfer_runs_created", integer},
  {"transfer_runs_completed", integer},
  {"transfer_runs_failed", integer},
  {"error_report", list_of(object_of {
    {"transfer_run_date", text},
    {"error", text},
  })},
}

--- Encodes a list of such backfills.
wire.backfills = list_of(wire.backfill)

--- Encodes the ids of backfills.
wire.backfill_ids = object_of {
  {"transfer_backfill_ids", list_of(integer)},
}

--- Encodes a refusal.
wire.refusal = object_of {
  {"code", text},
  {"message", text},
  {"description", text},
}

--- Encodes a table of strings, small numbers and further such tables.
wire.plain = cjson.encode

--- Puts an encoded value into the envelope of every answer.
-- @param request_id string
-- @param member string, "data" or "error"
-- @param encoded string, JSON
function wire.envelope(request_id, member, encoded)
  return ('{"meta":{"request_id":%s},"%s":%s}'):format(text(request_id), member, encoded)
end

--- Decodes a JSON object.
-- @param body string
-- @return table, or nil where the text is no JSON or no object
function wire.decode_object(body)
  local ok, value = pcall(cjson.decode, body)
  if ok and type(value) == "table" and value[1] == nil then
    return value
  end
  return nil
end

--- Decodes a JSON list. An empty object counts as one: once decoded, nothing tells them apart.
-- @param body string
-- @return list, or nil where the text is no JSON or no list
function wire.decode_list(body)
  local ok, value = pcall(cjson.decode, body)
  if ok and type(value) == "table" and (value[1] ~= nil or next(value) == nil) then
    return value
  end
  return nil
end

return wire
