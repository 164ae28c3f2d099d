--- Reads the faults that POST /sandbox/faults is given (see supermetrics.sandbox.faults for what each field means), and
-- says what is wrong with them: a fault that was misspelt would never strike, and a rehearsal would pass for nothing.

local identifier = require "supermetrics.sandbox.identifier"
local operations = require "supermetrics.sandbox.operations"

local fault_reader = {}

local LONGEST_DELAY = 3600
local LARGEST_NUMBER = 2 ^ 31

local OPERATION_NAMES = {"*"}
local HAS_BACKFILL_ID = {["*"] = true}
for _, row in ipairs(operations) do
  table.insert(OPERATION_NAMES, row.operation)
  HAS_BACKFILL_ID[row.operation] = row.path:find("{backfill_id}", 1, true) ~= nil
end

local function whole_number(lowest, highest)
  return function(value)
    return type(value) == "number" and value % 1 == 0 and value >= lowest and value <= highest
  end
end

local is_count = whole_number(1, LARGEST_NUMBER)

local function is_list_of_counts(value)
  if type(value) ~= "table" or value[1] == nil then
    return false
  end
  for _, element in pairs(value) do
    if not is_count(element) then
      return false
    end
  end
  return true
end

local function is_identifier(value)
  return identifier.of(value) ~= nil
end

local function is_text(value)
  return type(value) == "string"
end

-- name = {what a value must be, and that in words}. `null` is none of these: a field that is not meant is left out.
local FIELDS = {
  operation = {function(value)
    return HAS_BACKFILL_ID[value] ~= nil
  end, "one of " .. table.concat(OPERATION_NAMES, ", ")},
  requests = {is_list_of_counts, "a list of whole numbers from 1"},
  times = {is_count, "a whole number from 1"},
  backfill_id = {is_identifier, "an id"},
  delay = {function(value)
    return type(value) == "number" and value >= 0 and value <= LONGEST_DELAY
  end, "a number of seconds from 0 to " .. LONGEST_DELAY},
  status = {whole_number(200, 599), "a whole number from 200 to 599"},
  code = {is_text, "a text"},
  retry_after = {whole_number(0, LARGEST_NUMBER), "a whole number of seconds from 0"},
  retry_after_date = {whole_number(-LARGEST_NUMBER, LARGEST_NUMBER), "a whole number of seconds"},
  drop = {function(value)
    return value == "before" or value == "after"
  end, '"before" or "after"'},
  truncate = {whole_number(0, LARGEST_NUMBER), "a whole number of bytes from 0"},
  garbage = {function(value)
    return value == true
  end, "true"},
  text = {is_text, "a text"},
}

-- What becomes of the answer; a text may be that of a status, all others exclude each other.
local ENDINGS = {"status", "drop", "truncate", "garbage", "text"}

-- Fields that say more about a status.
local OF_STATUS = {"code", "retry_after", "retry_after_date"}

local function check_fields(fields)
  for name, value in pairs(fields) do
    local field = FIELDS[name]
    if not field then
      return nil, ("there is no field %q"):format(tostring(name))
    elseif not field[1](value) then
      return nil, ("%s must be %s"):format(name, field[2])
    end
  end
  return true
end

local function check_endings(fields)
  local given = {}
  for _, name in ipairs(ENDINGS) do
    if fields[name] ~= nil then
      table.insert(given, name)
    end
  end
  local is_status_with_text = #given == 2 and fields.status and fields.text
  if #given > 1 and not is_status_with_text then
    return nil, ("%s exclude each other"):format(table.concat(given, " and "))
  elseif #given == 0 and not fields.delay then
    return nil, ("it does nothing without one of delay, %s"):format(table.concat(ENDINGS, ", "))
  end
  return true
end

local function check_status(fields)
  for _, name in ipairs(OF_STATUS) do
    if fields[name] ~= nil and not fields.status then
      return nil, name .. " needs a status"
    end
  end
  if fields.retry_after and fields.retry_after_date then
    return nil, "retry_after and retry_after_date exclude each other"
  elseif fields.code and fields.text then
    return nil, "code and text exclude each other"
  end
  return true
end

local function check_target(fields)
  if not fields.operation then
    return nil, "operation is missing"
  elseif fields.backfill_id and not HAS_BACKFILL_ID[fields.operation] then
    return nil, ("a request to %s names no backfill_id"):format(fields.operation)
  end
  return true
end

local CHECKS = {check_fields, check_target, check_endings, check_status}

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function read_fault(fields)
  if type(fields) ~= "table" then
    return nil, "it must be an object"
  end
  for _, check in ipairs(CHECKS) do
    local ok, complaint = check(fields)
    if not ok then
      return nil, complaint
    end
  end
  local fault = {}
  for name, value in pairs(fields) do
    fault[name] = value
  end
  fault.requests = fields.requests and set_of(fields.requests)
  fault.backfill_id = fields.backfill_id and identifier.of(fields.backfill_id)
  return fault
end

--- Reads a list of faults.
-- @param list of tables with the fields above
-- @return list of tables: the same fields, `requests` a set and `backfill_id` a decimal string; or nil and a sentence
--   that names the fault and the field
function fault_reader.read(list)
  local faults = {}
  for index, fields in ipairs(list) do
    local fault, complaint = read_fault(fields)
    if not fault then
      return nil, ("Fault %d: %s."):format(index, complaint)
    end
    faults[index] = fault
  end
  return faults
end

return fault_reader
